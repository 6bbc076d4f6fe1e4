/// OpenAI's text standardisation, applied to GPT-1's corpus and tasks before they were split into words (openai/finetune-transformer-lm,
/// text_utils.py, `text_standardize`).
///
///     — – ― → -    … → ...    ´ → '
///     a run of one of  - ~ ! " ; ? + , ) ( \ / * [ ] } { | _  gets a space on either side
///     white space with a newline in it → " \n ",  other white space → " ",  none at either end
///
/// The original uses eight regular expressions; this is one pass over the bytes with the same result.
public enum Standardise {
  /// Returns the standardised form of `text`.
  public static func text(_ text: String) -> String {
    let bytes = Array(text.utf8)
    return String(decoding: standardise(bytes.span), as: UTF8.self)
  }

  private enum Kind: UInt8 { case plain, isolated, space, newline, lead }

  /// The kind of each byte. White space is that of Python's `\s`, which includes the separators 1C–1F.
  private static let kinds: [Kind] = (0..<256).map { byte in
    switch UInt8(byte) {
    case UInt8(ascii: "\n"): .newline
    case 0x09, 0x0B...0x0D, 0x1C...0x20: .space
    case let byte where "-~!\";?+,)(\\/*[]}{|_".utf8.contains(byte): .isolated
    case 0x80...: .lead
    default: .plain
    }
  }

  /// Returns the standardised form of the valid UTF-8 in `text`.
  package static func standardise(_ text: Span<UInt8>) -> [UInt8] {
    var output = Output(capacity: text.count + text.count / 8)
    let kinds = kinds.span
    var index = 0
    while index < text.count {
      let byte = text[index]
      switch kinds[Int(byte)] {
      case .plain: output.put(byte)
      case .isolated: output.isolate(byte)
      case .space: output.separate(by: .space)
      case .newline: output.separate(by: .newline)
      case .lead:
        let (scalar, length) = text.scalar(at: index)
        switch scalar {
        case 0x2013, 0x2014, 0x2015: output.isolate(UInt8(ascii: "-"))
        case 0x2026: for _ in 0..<3 { output.put(UInt8(ascii: ".")) }
        case 0x00B4: output.put(UInt8(ascii: "'"))
        case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
          output.separate(by: .space)
        default: for place in index..<index + length { output.put(text[place]) }
        }
        index += length - 1
      }
      index += 1
    }
    return output.bytes
  }

  /// The output so far, and the white space to write before any further output.
  private struct Output {
    enum Gap: UInt8 { case none, space, newline }

    var bytes: [UInt8] = []
    var gap = Gap.none
    var run: UInt8 = 0  // the character of the isolated run that `bytes` ends with, or 0

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    @inline(__always)
    mutating func separate(by wanted: Gap) {
      if wanted.rawValue > gap.rawValue { gap = wanted }
      run = 0
    }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
      if run != 0 { separate(by: .space) }
      if gap != .none { close() }
      bytes.append(byte)
    }

    mutating func isolate(_ byte: UInt8) {
      if run != byte {
        separate(by: .space)
        close()
        run = byte
      }
      bytes.append(byte)
    }

    private mutating func close() {
      if !bytes.isEmpty {
        bytes.append(UInt8(ascii: " "))
        if gap == .newline { bytes.append(contentsOf: "\n ".utf8) }
      }
      gap = .none
    }
  }
}
