import Files

/// Reads `{"piece": id, …}`. Foundation's parser silently uses the last of two equal pieces, and does not report lines.
struct VocabularyParser {
  private let bytes: [UInt8]
  private let path: String
  private var index = 0
  private var line = 1

  init(_ bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// Reads the whole file as a vocabulary whose ids are 0, 1, 2, … without a gap.
  mutating func vocabulary() throws(InputError) -> Vocabulary {
    var byId: [Int: (piece: [UInt8], line: Int)] = [:]
    try expect("{")
    while peek() != UInt8(ascii: "}") {
      if !byId.isEmpty { try expect(",") }
      let piece = try string()
      try expect(":")
      let id = try number()
      if let other = byId[id] {
        throw wrong("the id \(id) appears twice, first in line \(other.line)")
      }
      byId[id] = (piece, line)
    }
    try expect("}")
    guard peek() == nil else { throw wrong("expected the end of the file") }
    var pieces: [[UInt8]] = []
    for id in 0..<byId.count {
      guard let piece = byId[id]?.piece else {
        throw InputError(
          "no piece has the id \(id), though there are \(byId.count): ids must be 0, 1, 2, … "
            + "without a gap", path: path)
      }
      pieces.append(piece)
    }
    if let vocabulary = Vocabulary(pieces) { return vocabulary }
    var first: [[UInt8]: Int] = [:]
    for (id, piece) in pieces.enumerated() {
      if let other = first.updateValue(id, forKey: piece) {
        throw InputError(
          "the piece \"\(String(decoding: piece, as: UTF8.self))\" has two ids, \(other) and \(id)",
          path: path, line: byId[id]?.line)
      }
    }
    throw InputError("the piece <unk> is missing", path: path)
  }

  private func wrong(_ reason: String) -> InputError {
    InputError("not a vocabulary: \(reason)", path: path, line: line)
  }

  /// Returns the next byte that is not white space, without consuming it.
  private mutating func peek() -> UInt8? {
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\n"): line += 1
      case 0x20, 0x09, 0x0D: break
      default: return bytes[index]
      }
      index += 1
    }
    return nil
  }

  private mutating func expect(_ sign: Unicode.Scalar) throws(InputError) {
    guard peek() == UInt8(ascii: sign) else {
      throw wrong("expected \"\(sign)\" of {\"piece\": id, …}")
    }
    index += 1
  }

  private mutating func number() throws(InputError) -> Int {
    _ = peek()
    let digits = bytes[index...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard let value = Int32(String(decoding: digits, as: UTF8.self)) else {
      throw wrong("expected an id: a whole number, 0 or more")
    }
    index += digits.count
    return Int(value)
  }

  private mutating func string() throws(InputError) -> [UInt8] {
    try expect("\"")
    var end = index
    defer { index = end }
    do throws(JSONFields.Malformed) { return try JSONString.read(bytes.span, &end) } catch {
      throw wrong(error.reason)
    }
  }
}
