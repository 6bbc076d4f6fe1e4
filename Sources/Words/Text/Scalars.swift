/// Text is handled as UTF-8 bytes, and by the rules as code points: `Character` and `String` compare by canonical equivalence, by which
/// two different words can be equal.
extension Span<UInt8> {
  /// The scalar whose first byte is at `index`, and its length in bytes; the bytes are valid UTF-8.
  @inlinable @inline(__always)
  package func scalar(at index: Int) -> (value: UInt32, length: Int) {
    let first = UInt32(self[index])
    if first < 0x80 { return (first, 1) }
    let second = UInt32(self[index + 1] & 0x3F)
    if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
    let third = UInt32(self[index + 2] & 0x3F)
    if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
    let fourth = UInt32(self[index + 3] & 0x3F)
    return ((first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
  }

  /// The scalars in `range` of these bytes, which are valid UTF-8; the range must not split a character.
  func scalars(_ range: Range<Int>) -> [UInt32] {
    var scalars: [UInt32] = []
    scalars.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      let (scalar, length) = scalar(at: index)
      scalars.append(scalar)
      index += length
    }
    return scalars
  }
}

extension [UInt8] {
  /// Appends the UTF-8 form of `scalar`.
  mutating func append(scalar: UInt32) {
    switch scalar {
    case ..<0x80: append(UInt8(scalar))
    case ..<0x800:
      append(UInt8(0xC0 | scalar >> 6))
      append(UInt8(0x80 | scalar & 0x3F))
    case ..<0x10000:
      append(UInt8(0xE0 | scalar >> 12))
      append(UInt8(0x80 | scalar >> 6 & 0x3F))
      append(UInt8(0x80 | scalar & 0x3F))
    default:
      append(UInt8(0xF0 | scalar >> 18))
      append(UInt8(0x80 | scalar >> 12 & 0x3F))
      append(UInt8(0x80 | scalar >> 6 & 0x3F))
      append(UInt8(0x80 | scalar & 0x3F))
    }
  }
}

extension UInt32 {
  /// The scalar of an ASCII character.
  init(ascii: Unicode.Scalar) { self = ascii.value }

  var isASCIIDigit: Bool { 0x30...0x39 ~= self }
  var isASCIILower: Bool { 0x61...0x7A ~= self }
  var isASCIILetter: Bool { 0x41...0x5A ~= self || isASCIILower }

  /// The properties of this scalar; nil for values that are no scalars.
  private var properties: Unicode.Scalar.Properties? { Unicode.Scalar(self)?.properties }

  /// True for Python's white space: `str.isspace`, and `\s` in regular expressions.
  var isPythonSpace: Bool {
    switch self {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      return true
    default: return false
    }
  }

  /// True for Python's `\w`: letters, numbers and the underscore.
  var isPythonWord: Bool {
    if self < 0x80 { return isASCIILetter || isASCIIDigit || self == UInt32(ascii: "_") }
    guard let properties else { return false }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return true
    default: return properties.numericType != nil
    }
  }

  /// True for `\w` of Python's module regex: also marks and connecting punctuation.
  var isRegexWord: Bool {
    if self < 0x80 { return isPythonWord }
    guard let properties else { return false }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
      return true
    default: return properties.isAlphabetic
    }
  }
}
