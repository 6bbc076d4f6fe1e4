import Foundation

/// Standard input in lines.
public enum StandardInput {
  /// Calls `body` with each line as soon as it is there, without the line feed (and a carriage
  /// return before it), and with its number from 1. What the bytes are is the caller's to judge.
  ///
  /// - Parameters:
  ///   - descriptor: what is read, standard input if not given
  ///   - beginning: is called with the first bytes that arrive, before any line
  public static func forEachLine(
    descriptor: Int32 = STDIN_FILENO,
    beginning: (_ bytes: ArraySlice<UInt8>) throws -> Void = { _ in },
    _ body: (_ line: [UInt8], _ number: Int) throws -> Void
  ) throws {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var line: [UInt8] = []
    var number = 0
    func finishLine() throws {
      number += 1
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      try body(line, number)
      line.removeAll(keepingCapacity: true)
    }
    var isFirst = true
    while case let count = try read(descriptor, into: &chunk, path: path), count > 0 {
      var rest = chunk[..<count]
      if isFirst { try beginning(rest) }
      isFirst = false
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        line += rest[..<end]
        rest = rest[(end + 1)...]
        try finishLine()
      }
      line += rest
    }
    if !line.isEmpty { try finishLine() }
  }

  /// Its name in error messages.
  public static let path = "standard input"

  /// Waits for bytes; their number, 0 at the end.
  static func read(
    _ descriptor: Int32, into bytes: inout [UInt8], path: String
  ) throws(InputError) -> Int {
    while true {
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe Foundation.read(descriptor, $0.baseAddress, $0.count)
      }
      if count >= 0 { return count }
      let code = errno
      guard Transfer.isToBeRepeated(code, on: descriptor, for: POLLIN) else {
        if code == EBADF {
          throw InputError(
            "is closed, but is needed here; give `</dev/null` for an empty input", path: path)
        }
        throw .system("read", path: path, code: code)
      }
    }
  }
}
