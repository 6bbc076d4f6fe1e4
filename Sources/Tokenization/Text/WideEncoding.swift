/// An encoding of Unicode in units of two or four bytes.
struct WideEncoding: Sendable, Equatable {
  /// The number of bytes per unit: 2 or 4.
  let width: Int
  let isLittleEndian: Bool
  /// True if there is a byte-order mark at the beginning.
  let hasMark: Bool

  static let utf8Mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// `UTF-16`, or `UTF-32`.
  var name: String { "UTF-\(8 * width)" }

  /// The name for `iconv -f`. With a mark, iconv detects the byte order; without one, the name must contain it.
  var iconv: String { hasMark ? name : name + (isLittleEndian ? "LE" : "BE") }

  /// The encoding of `sample`, the beginning of a file, or nil.
  ///
  /// - Parameter isSuspect: true if it contains bytes that do not occur in UTF-8 text; without a mark, text that can be UTF-8 is not
  ///   examined, because nearly all such text is also valid Chinese text in UTF-16
  package static func of(_ sample: [UInt8], isSuspect: Bool) -> WideEncoding? {
    // UTF-32's mark begins with that of UTF-16, so it comes first.
    for (mark, width, little) in marks where sample.starts(with: mark) {
      return WideEncoding(width: width, isLittleEndian: little, hasMark: true)
    }
    let sample = Array(sample.prefix(4096))
    let whole = sample.dropLast(sample.span.cutCharacterLength)
    // Valid UTF-8 with accents and control characters is UTF-8, perhaps after a wrong conversion.
    let isASCII = whole.allSatisfy { $0 < 0x80 }
    guard isASCII ? isSuspect : whole.span.firstInvalidUTF8() != nil else { return nil }
    var best: (share: Double, encoding: WideEncoding)?
    for (width, little) in [(4, true), (4, false), (2, true), (2, false)] {
      let encoding = WideEncoding(width: width, isLittleEndian: little, hasMark: false)
      if let share = encoding.commonShare(of: sample), share > best?.share ?? 0 {
        best = (share, encoding)
      }
    }
    return best?.encoding
  }

  private static let marks: [(mark: [UInt8], width: Int, little: Bool)] = [
    ([0xFF, 0xFE, 0, 0], 4, true), ([0, 0, 0xFE, 0xFF], 4, false),
    ([0xFF, 0xFE], 2, true), ([0xFE, 0xFF], 2, false),
  ]

  /// The share of ASCII and of Chinese spaces and stops in `bytes`, read in this encoding. Nil if the result is not text, or contains too
  /// few of these characters for more than a guess.
  private func commonShare(of bytes: [UInt8]) -> Double? {
    var (units, common, odd) = (0, 0, 0)
    var blocks = [Int](repeating: 0, count: 256)
    var isPair = false
    for start in stride(from: 0, to: bytes.count - width + 1, by: width) {
      var unit: UInt32 = 0
      for place in 0..<width {
        unit |=
          UInt32(bytes[start + place]) << UInt32(8 * (isLittleEndian ? place : width - 1 - place))
      }
      units += 1
      let isSecond = isPair
      isPair = width == 2 && !isSecond && 0xD800...0xDBFF ~= unit
      if isSecond {
        guard 0xDC00...0xDFFF ~= unit else { return nil }
        continue
      }
      if isPair { continue }
      blocks[Int(unit >> 8 & 0xFF)] += 1
      guard let scalar = Unicode.Scalar(unit) else { return nil }
      switch unit {
      case 0x20...0x7E, 9, 10, 13, 0x3000...0x3002, 0xFF0C: common += 1
      default:
        switch scalar.properties.generalCategory {
        case .control, .unassigned, .privateUse, .surrogate: odd += 1
        default: break
        }
      }
    }
    guard units > 0, odd * 50 <= units, common > 0, common * 25 >= units else { return nil }
    // Text of one script uses one or two blocks of 256 characters; text in Chinese and similar scripts uses many, but half of its bytes are
    // above 7F. UTF-8 text with some zero bytes is neither.
    let narrow = blocks[0] + (blocks.dropFirst().max() ?? 0)
    guard narrow * 5 >= units * 3 || bytes.count(where: { $0 > 0x7F }) * 5 > bytes.count else {
      return nil
    }
    return Double(common) / Double(units)
  }
}
