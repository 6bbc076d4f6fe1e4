import Files

/// Text given on the command line.
public enum TextArgument {
  /// The text of `argument`, which has the form of `FileName`'s arguments.
  ///
  /// - Parameter option: the option to which it was given
  /// - Throws: an InputError if it is not UTF-8
  public static func text(_ argument: String, of option: String) throws(InputError) -> String {
    let bytes = FileName.bytes(argument)
    if var error = TextFile.encodingError(in: bytes.span, path: option, unit: "text") {
      error.line = nil
      throw error
    }
    return bytes.span.string(0..<bytes.count)
  }
}
