/// The arguments of this process as the bytes that they are: `CommandLine.arguments` replaces what is not UTF-8.
public enum ProcessArguments {
  /// All, the program first.
  public static var bytes: [[UInt8]] {
    let arguments = unsafe CommandLine.unsafeArgv
    return (0..<Int(CommandLine.argc)).map { index in
      guard let argument = unsafe arguments[index] else { return [] }
      var bytes: [UInt8] = []
      var place = 0
      while case let byte = unsafe argument[place], byte != 0 {
        bytes.append(UInt8(bitPattern: byte))
        place += 1
      }
      return bytes
    }
  }
}
