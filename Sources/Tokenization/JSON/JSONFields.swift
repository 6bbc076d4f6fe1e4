import Files

/// Reads a few fields of a JSON text (RFC 8259) by path; skips the rest, looking only for its end. Half a million lines of SNLI are half a
/// gigabyte, mostly parse trees, and Foundation's decoder would build objects for all of it.
package struct JSONFields {
  /// The value of a field; nil stands for a missing field or null.
  package enum Value: Equatable {
    /// A string; or a number, `true` or `false` as it is written.
    case text(String)
    /// A list or an object.
    case composite
  }

  /// Text that is not JSON.
  package struct Malformed: Error {
    package var reason: String
    /// The offset from the beginning of the text, in bytes.
    package var offset: Int
  }

  private static let deepest = 100

  private let paths: [[[UInt8]]]
  /// For each path of the last object, true if its value is a string.
  private(set) var isString: [Bool] = []
  private var values: [Value?] = []
  private var start = 0
  private var index = 0
  private var end = 0

  /// Creates a reader of fields, named with dots between the levels; a number is a place in a list, from 0.
  package init(_ names: [String]) {
    paths = names.map { $0.utf8.split(separator: UInt8(ascii: ".")).map(Array.init) }
  }

  /// The fields of the object that fills `range`, in the order of the names.
  package mutating func values(
    in text: Span<UInt8>, _ range: Range<Int>
  ) throws(Malformed) -> [Value?] {
    (start, index, end) = (range.lowerBound, range.lowerBound, range.upperBound)
    values = Array(repeating: nil, count: paths.count)
    isString = Array(repeating: false, count: paths.count)
    guard peek(text) == UInt8(ascii: "{") else { throw wrong("expected {") }
    try value(text, depth: 0, live: Array(paths.indices))
    guard peek(text) == nil else { throw wrong("expected the end of the line") }
    return values
  }

  /// Reads a value, and stores it for the paths that end here.
  ///
  /// - Parameter live: the indices of the paths that have matched so far
  package mutating func value(_ text: Span<UInt8>, depth: Int, live: [Int]) throws(Malformed) {
    guard depth <= JSONFields.deepest else { throw wrong("more than a hundred levels") }
    let ending = live.filter { paths[$0].count == depth }
    switch peek(text) {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      for path in ending { values[path] = .composite }
      try composite(text, depth: depth, live: live)
    case UInt8(ascii: "\""):
      let range = try string(text)
      guard !ending.isEmpty else { return }
      let found = try decoded(text, range)
      for path in ending { (values[path], isString[path]) = (.text(found), true) }
    default:
      let first = index
      while index < end, !",]} \t\r\n".utf8.contains(text[index]) { index += 1 }
      let word = text.string(first..<index)
      guard ["true", "false", "null"].contains(word) || JSONFields.isNumber(word) else {
        index = first
        throw wrong("expected a value")
      }
      for path in ending { values[path] = word == "null" ? nil : .text(word) }
    }
  }

  /// True if `word` is a number of RFC 8259: no leading zero, no bare point, no sign except minus.
  private static func isNumber(_ word: String) -> Bool {
    var rest = Substring(word).utf8
    func digits() -> Int {
      let count = rest.prefix { 48...57 ~= $0 }.count
      rest = rest.dropFirst(count)
      return count
    }
    func passes(_ bytes: String) -> Bool {
      guard let first = rest.first, bytes.utf8.contains(first) else { return false }
      rest = rest.dropFirst()
      return true
    }
    _ = passes("-")
    if !passes("0"), digits() == 0 { return false }
    if passes("."), digits() == 0 { return false }
    if passes("eE") {
      _ = passes("+-")
      if digits() == 0 { return false }
    }
    return rest.isEmpty
  }

  private mutating func composite(
    _ text: Span<UInt8>, depth: Int, live: [Int]
  ) throws(Malformed) {
    let isObject = text[index] == UInt8(ascii: "{")
    let closing = UInt8(ascii: isObject ? "}" : "]")
    index += 1
    guard peek(text) != closing else {
      index += 1
      return
    }
    let candidates = live.filter { paths[$0].count > depth }
    var seen: Set<Int> = []
    for place in 0... {
      var going: [Int] = []
      if isObject {
        guard peek(text) == UInt8(ascii: "\"") else { throw wrong("expected a name in quotes") }
        let first = index
        let name = try string(text)
        for path in candidates where try isName(paths[path][depth], text, name) {
          // Some readers use the first of two, others the last.
          guard seen.insert(path).inserted else {
            let name = String(decoding: paths[path][depth], as: UTF8.self)
            throw Malformed(
              reason: "the name \(name.reported()) appears twice", offset: first - start)
          }
          going.append(path)
        }
        guard peek(text) == UInt8(ascii: ":") else { throw wrong("expected :") }
        index += 1
      } else if !candidates.isEmpty {
        let number = Array("\(place)".utf8)
        going = candidates.filter { paths[$0][depth] == number }
      }
      try value(text, depth: depth + 1, live: going)
      let next = peek(text)
      guard next == UInt8(ascii: ",") || next == closing else {
        throw wrong("expected , or \(isObject ? "}" : "]")")
      }
      index += 1
      if next == closing { return }
    }
  }

  /// Skips a string; returns its range without the quotes.
  private mutating func string(_ text: Span<UInt8>) throws(Malformed) -> Range<Int> {
    let first = index + 1
    index = first
    while index < end, text[index] != UInt8(ascii: "\"") {
      guard text[index] >= 0x20 else {
        throw wrong("a control character in a string; write it as an escape such as \\t")
      }
      index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard index < end else {
      index = end
      throw wrong("a string is not closed")
    }
    index += 1
    return first..<(index - 1)
  }

  private func isName(
    _ name: [UInt8], _ text: Span<UInt8>, _ range: Range<Int>
  ) throws(Malformed) -> Bool {
    if text.first(UInt8(ascii: "\\"), in: range) != nil {
      return try Array(decoded(text, range).utf8) == name
    }
    guard range.count == name.count else { return false }
    for place in name.indices where text[range.lowerBound + place] != name[place] { return false }
    return true
  }

  /// The string in `range`, with its escapes resolved.
  private func decoded(_ text: Span<UInt8>, _ range: Range<Int>) throws(Malformed) -> String {
    guard text.first(UInt8(ascii: "\\"), in: range) != nil else { return text.string(range) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    do throws(Malformed) { try JSONString.decode(text, range, to: &bytes) } catch {
      throw Malformed(reason: error.reason, offset: error.offset - start)
    }
    return bytes.span.string(0..<bytes.count)
  }

  /// Returns the next byte that is not white space, without consuming it.
  private mutating func peek(_ text: Span<UInt8>) -> UInt8? {
    while index < end {
      switch text[index] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
        index += 1
      case let byte: return byte
      }
    }
    return nil
  }

  private func wrong(_ reason: String) -> Malformed {
    Malformed(reason: reason, offset: index - start)
  }
}
