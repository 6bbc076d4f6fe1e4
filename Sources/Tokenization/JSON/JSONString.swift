import Files

/// Reads JSON strings (RFC 8259, §7).
enum JSONString {
  /// Appends the UTF-8 of a string to `output`.
  ///
  /// - Parameters:
  ///   - text: valid UTF-8
  ///   - range: the bytes between the quotes
  static func decode(
    _ text: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8]
  ) throws(JSONFields.Malformed) {
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = text[index]
      guard byte == UInt8(ascii: "\\") else {
        guard byte >= 0x20 else {
          throw JSONFields.Malformed(
            reason: "a control character in a string, which must be escaped", offset: index)
        }
        output.append(byte)
        index += 1
        continue
      }
      output.append(try escape(text, &index, end: range.upperBound))
    }
  }

  /// Reads the string that begins at `index`, after its opening quote, and moves `index` past the closing one. Returns its UTF-8.
  ///
  /// - Parameter text: valid UTF-8
  static func read(
    _ text: Span<UInt8>, _ index: inout Int
  ) throws(JSONFields.Malformed) -> [UInt8] {
    let start = index
    while index < text.count, text[index] != UInt8(ascii: "\"") {
      index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard index < text.count else {
      index = text.count
      throw JSONFields.Malformed(reason: "the file ends within a string", offset: index)
    }
    var output: [UInt8] = []
    try decode(text, start..<index, to: &output)
    index += 1
    return output
  }

  /// Reads the escape whose backslash is at `index`, and moves `index` past it.
  static func escape(
    _ text: Span<UInt8>, _ index: inout Int, end: Int
  ) throws(JSONFields.Malformed) -> Unicode.Scalar {
    let start = index
    func wrong(_ reason: String) -> JSONFields.Malformed {
      JSONFields.Malformed(reason: reason, offset: start)
    }
    guard index + 1 < end else { throw wrong("a string that ends in a backslash") }
    let letter = text[index + 1]
    index += 2
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw wrong("a string with a wrong escape")
    }
    func hexadecimal() throws(JSONFields.Malformed) -> UInt32 {
      guard let value = fourDigits(text, at: index, end: end) else {
        throw wrong("a \\u without four hexadecimal digits")
      }
      index += 4
      return value
    }
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, index + 1 < end, text[index] == UInt8(ascii: "\\"),
      text[index + 1] == UInt8(ascii: "u")
    else { throw wrong("half a surrogate pair") }
    index += 2
    let second = try hexadecimal()
    guard 0xDC00...0xDFFF ~= second,
      let scalar = Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + (second & 0x3FF))
    else { throw wrong("half a surrogate pair") }
    return scalar
  }

  private static func fourDigits(_ text: Span<UInt8>, at index: Int, end: Int) -> UInt32? {
    guard index + 4 <= end else { return nil }
    var value: UInt32 = 0
    for place in index..<index + 4 {
      let byte = text[place]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte & 15)
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
        value = value << 4 | UInt32(byte & 7 + 9)
      default: return nil
      }
    }
    return value
  }
}
