/// Text is handled as UTF-8 bytes throughout this module: `Character` and `String` compare by
/// canonical equivalence, by which two different pieces of a vocabulary can be equal.
extension Span<UInt8> {
  /// A copy of these bytes.
  package func array() -> [UInt8] {
    var copy: [UInt8] = []
    copy.reserveCapacity(count)
    for index in indices { copy.append(self[index]) }
    return copy
  }

  /// The offset of the first byte that is not valid UTF-8 (Unicode 15, table 3-7), or nil.
  func firstInvalidUTF8() -> Int? {
    var index = 0
    while index < count {
      let first = self[index]
      if first < 0x80 {
        index += 1
        continue
      }
      var (low, high, length): (UInt8, UInt8, Int) = (0x80, 0xBF, 0)
      switch first {
      case 0xC2...0xDF: length = 2
      case 0xE0: (low, length) = (0xA0, 3)
      case 0xED: (high, length) = (0x9F, 3)
      case 0xE1...0xEF: length = 3
      case 0xF0: (low, length) = (0x90, 4)
      case 0xF4: (high, length) = (0x8F, 4)
      case 0xF1...0xF3: length = 4
      default: return index
      }
      guard index + length <= count, self[index + 1] >= low, self[index + 1] <= high else {
        return index
      }
      for place in 2..<max(length, 3) where place < length && self[index + place] & 0xC0 != 0x80 {
        return index
      }
      index += length
    }
    return nil
  }
}

extension [UInt8] {
  /// Appends the UTF-8 form of `scalar`.
  mutating func append(_ scalar: Unicode.Scalar) { append(contentsOf: UTF8.encode(scalar)!) }
}
