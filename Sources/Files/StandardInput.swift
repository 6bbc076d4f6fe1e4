import Foundation

/// Standard input as text.
public enum StandardInput {
  /// Calls `body` with each line as soon as it is there, without the line feed (and a carriage
  /// return before it), and with its number from 1; an InputError where one is not valid UTF-8.
  ///
  /// - Parameter descriptor: what is read, standard input if not given
  public static func forEachLine(
    descriptor: Int32 = STDIN_FILENO, _ body: (_ line: String, _ number: Int) throws -> Void
  ) throws {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var line: [UInt8] = []
    var number = 0
    func finishLine() throws {
      number += 1
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      guard let text = String(validating: line, as: UTF8.self) else {
        throw InputError(
          "is not valid UTF-8; convert it (iconv -f LATIN1 -t UTF-8, say)",
          path: "standard input", line: number)
      }
      line.removeAll(keepingCapacity: true)
      try body(text, number)
    }
    while case let count = try read(descriptor, into: &chunk), count > 0 {
      var rest = chunk[..<count]
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        line += rest[..<end]
        rest = rest[(end + 1)...]
        try finishLine()
      }
      line += rest
    }
    if !line.isEmpty { try finishLine() }
  }

  /// Waits for bytes; their number, 0 at the end.
  private static func read(
    _ descriptor: Int32, into bytes: inout [UInt8]
  ) throws(InputError) -> Int {
    while true {
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe Foundation.read(descriptor, $0.baseAddress, $0.count)
      }
      if count >= 0 { return count }
      let code = errno
      guard code == EINTR else { throw .system("read", path: "standard input", code: code) }
    }
  }
}
