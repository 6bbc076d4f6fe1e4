import Files

/// Text that is given on the command line.
public enum TextArgument {
  /// Why the value of `option` is no UTF-8 text, or nil.
  ///
  /// - Parameter arguments: all of the process, as bytes
  public static func problem(
    of option: String, in arguments: [[UInt8]] = ProcessArguments.bytes
  ) -> String? {
    let name = Array(option.utf8)
    var values: [[UInt8]] = []
    for (index, argument) in arguments.enumerated() {
      if argument == name, index + 1 < arguments.count { values.append(arguments[index + 1]) }
      if argument.starts(with: name + "=".utf8) {
        values.append(Array(argument.dropFirst(name.count + 1)))
      }
    }
    for value in values {
      guard
        var error = TextFile.encodingError(in: value.span, path: option, unit: " of the text")
      else { continue }
      error.line = nil
      return "\(error)"
    }
    return nil
  }
}
