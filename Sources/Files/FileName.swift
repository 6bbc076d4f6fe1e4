import Foundation

/// Names of files as strings, though Linux takes any bytes but NUL for one.
///
/// A byte that is not part of UTF-8 stands in the string as one scalar, U+F700 + byte. These scalars are for private use;
/// where a name really has one (U+F780 to U+F7FF), its three bytes are written that way too, so names and strings correspond one to
/// one. Every call of the system in this module turns the string back into the bytes.
public enum FileName {
  private static let base: UInt32 = 0xF700
  private static let escapes: ClosedRange<UInt32> = 0xF780...0xF7FF

  /// The string for the name `bytes`.
  public static func string(_ bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self), isText(text) { return text }
    var scalars = String.UnicodeScalarView()
    var parser = Unicode.UTF8.ForwardParser()
    var rest = bytes.makeIterator()
    var index = 0
    func escape(_ count: Int) {
      for byte in bytes[index..<index + count] {
        if let scalar = Unicode.Scalar(base + UInt32(byte)) { scalars.append(scalar) }
      }
    }
    while true {
      switch parser.parseScalar(from: &rest) {
      case .valid(let encoded):
        let scalar = Unicode.UTF8.decode(encoded)
        if escapes.contains(scalar.value) { escape(encoded.count) } else { scalars.append(scalar) }
        index += encoded.count
      case .error(let length):
        escape(length)
        index += length
      case .emptyInput: return String(scalars)
      }
    }
  }

  /// The bytes that `name` stands for.
  public static func bytes(_ name: String) -> [UInt8] {
    if isText(name) { return Array(name.utf8) }
    return name.unicodeScalars.flatMap { scalar -> [UInt8] in
      escapes.contains(scalar.value) ? [UInt8(scalar.value - base)] : Array(String(scalar).utf8)
    }
  }

  /// True if `name` holds no single byte that is not UTF-8, as almost every name: the string's UTF-8 is then the name.
  public static func isText(_ name: String) -> Bool {
    // All of U+F780 to U+F7FF begin with this byte.
    guard name.utf8.contains(0xEF) else { return true }
    return !name.unicodeScalars.contains { escapes.contains($0.value) }
  }

  /// `text` for people: bytes that stand in it by themselves as `\xE4`.
  ///
  /// - Parameter inJSON: whether `text` is JSON, in which a backslash is written twice
  public static func printable(_ text: String, inJSON: Bool = false) -> String {
    if isText(text) { return text }
    return text.unicodeScalars.map { scalar in
      guard escapes.contains(scalar.value) else { return String(scalar) }
      let digits = String(scalar.value - base, radix: 16, uppercase: true)
      return (inJSON ? "\\\\x" : "\\x") + digits
    }.joined()
  }

  /// An argument that is text and no name; nil where it is not UTF-8.
  public static func text(ofArgument argument: String) -> String? {
    String(validating: bytes(argument), as: UTF8.self)
  }

  /// The arguments of this program, without its own name.
  public static func arguments() -> [String] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { index in
      unsafe CommandLine.unsafeArgv[index].map { unsafe string(at: $0) }
    }
  }

  /// The string for the name that begins at `start` and ends with a zero byte.
  static func string(at start: UnsafePointer<CChar>) -> String {
    let count = unsafe strlen(start)
    return string((0..<count).map { unsafe UInt8(bitPattern: start[$0]) })
  }
}
