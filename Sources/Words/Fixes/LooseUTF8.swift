/// UTF-8 with its usual damages (ftfy/fixes.py, chardata.py and bad_codecs/utf8_variants.py).
enum LooseUTF8 {
  private static func isContinuation(_ byte: UInt8) -> Bool { 0x80...0xBF ~= byte }

  /// A continuation that is rarely a character of its own: without A0, and without 85, the ellipsis.
  private static func isLikely(_ byte: UInt8) -> Bool {
    isContinuation(byte) && byte != 0x85 && byte != 0xA0
  }

  /// The byte at `index`; nil beyond the end.
  private static func at(_ bytes: [UInt8], _ index: Int) -> UInt8? {
    index < bytes.count ? bytes[index] : nil
  }

  /// restore_byte_a0: a space that was a byte A0 becomes one again. Nil if there is no such space.
  static func withSpacesRestored(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.indices.contains(where: { alteredLength(bytes, $0) > 0 }) else { return nil }
    // "Ã la" was "à la": the space remains beside the A0, except before the ends of some Portuguese words.
    var words: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      words.append(byte)
      guard byte == 0xC3, at(bytes, index + 1) == 0x20 else { continue }
      let rest = bytes[(index + 2)...]
      if ![" ", "quele", "quela", "quilo", "s "].contains(where: { rest.starts(with: $0.utf8) }) {
        words.append(0xA0)
      }
    }
    var output: [UInt8] = []
    var index = 0
    while index < words.count {
      let length = max(alteredLength(words, index), 1)
      for byte in words[index..<index + length] {
        output.append(length > 1 && byte == 0x20 ? 0xA0 : byte)
      }
      index += length
    }
    return output
  }

  /// The length of a sequence at `index` in which a space stands for A0, or 0 (ALTERED_UTF8_RE).
  private static func alteredLength(_ bytes: [UInt8], _ index: Int) -> Int {
    guard bytes[index] >= 0xC2, let second = at(bytes, index + 1) else { return 0 }
    let third = at(bytes, index + 2)
    let space: UInt8 = 0x20
    switch bytes[index] {
    case 0xC2, 0xC3, 0xC5, 0xCE, 0xD0, 0xD9: return second == space ? 2 : 0
    case 0xE0...0xE3:
      let isEarly = bytes[index] >= 0xE2 && second == space && third.map(isLikely) ?? false
      return isEarly || isLikely(second) && third == space ? 3 : 0
    case 0xF0:
      guard let third, let fourth = at(bytes, index + 3) else { return 0 }
      let rest = [second, third, fourth]
      return rest.count { $0 == space } == 1 && rest.count(where: isContinuation) == 2 ? 4 : 0
    default: return 0
    }
  }

  /// replace_lossy_sequences: sequences in which bytes were lost become U+FFFD. The byte 1A, or once a question mark, stands for the lost.
  static func withLossesReplaced(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    var index = 0
    while index < bytes.count {
      let length = lossyLength(bytes, index)
      if length > 0 {
        output += [0xEF, 0xBF, 0xBD]
        index += length
      } else {
        output.append(bytes[index])
        index += 1
      }
    }
    return output
  }

  /// The length of a sequence with losses at `index`, or 0 (LOSSY_UTF8_RE).
  private static func lossyLength(_ bytes: [UInt8], _ index: Int) -> Int {
    let first = bytes[index]
    if first == 0x1A { return 1 }
    func isLost(_ offset: Int) -> Bool {
      let byte = at(bytes, index + offset)
      return byte == 0x1A || byte == UInt8(ascii: "?")
    }
    func isSecondary(_ offset: Int) -> Bool {
      at(bytes, index + offset).map { $0 == 0x1A || isContinuation($0) } ?? false
    }
    /// True if one of `offsets` is lost, and the others are continuations or 1A.
    func isLossy(_ offsets: ClosedRange<Int>) -> Bool {
      offsets.contains { lost in
        isLost(lost) && offsets.allSatisfy { $0 == lost || isSecondary($0) }
      }
    }
    switch first {
    case 0xC2...0xDF:
      let second = at(bytes, index + 1)
      return second == 0x1A || first <= 0xC3 && second == UInt8(ascii: "?") ? 2 : 0
    case 0xE0...0xEF:
      if first == 0xED, let second = at(bytes, index + 1), 0xA0...0xAF ~= second,
        at(bytes, index + 3) == 0xED, let fifth = at(bytes, index + 4), 0xB0...0xBF ~= fifth,
        isLost(2) && (isSecondary(5) || isLost(5)) || isSecondary(2) && isLost(5)
      {
        return 6
      }
      return isLossy(1...2) ? 3 : 0
    case 0xF0...0xF4: return isLossy(1...3) ? 4 : 0
    default: return 0
    }
  }

  /// The scalars of `bytes`, nil if they are not UTF-8. Also reads CESU-8's pairs of surrogates and Java's zero of two bytes.
  static func decoded(_ bytes: [UInt8]) -> [UInt32]? {
    var output: [UInt32] = []
    output.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      guard let (scalar, length) = decodedScalar(bytes, index) else { return nil }
      output.append(scalar)
      index += length
    }
    return output
  }

  private static func decodedScalar(_ bytes: [UInt8], _ index: Int) -> (UInt32, Int)? {
    let first = bytes[index]
    if first < 0x80 { return (UInt32(first), 1) }
    /// The six bits of the continuation at `offset`, or nil.
    func bits(_ offset: Int) -> UInt32? {
      at(bytes, index + offset).flatMap { isContinuation($0) ? UInt32($0 & 0x3F) : nil }
    }
    guard let second = bits(1) else { return nil }
    switch first {
    case 0xC0: return second == 0 ? (0, 2) : nil
    case 0xC2...0xDF: return (UInt32(first & 0x1F) << 6 | second, 2)
    case 0xE0...0xEF:
      guard let third = bits(2) else { return nil }
      let scalar = UInt32(first & 0x0F) << 12 | second << 6 | third
      if scalar < 0x800 { return nil }
      guard 0xD800...0xDFFF ~= scalar else { return (scalar, 3) }
      guard scalar < 0xDC00, at(bytes, index + 3) == 0xED, let fifth = bits(4),
        let sixth = bits(5), fifth >= 0x30
      else { return nil }
      return (0x10000 + (scalar & 0x3FF) << 10 + ((fifth & 0x0F) << 6 | sixth), 6)
    case 0xF0...0xF4:
      guard let third = bits(2), let fourth = bits(3) else { return nil }
      let scalar = UInt32(first & 0x07) << 18 | second << 12 | third << 6 | fourth
      return 0x10000...0x10FFFF ~= scalar ? (scalar, 4) : nil
    default: return nil
    }
  }
}
