import Files

/// Text that is given on the command line.
public enum TextArgument {
  /// The text of `argument`, as `FileName` has arguments.
  ///
  /// - Parameter option: what it was given to
  /// - Throws: where it is not UTF-8
  public static func text(_ argument: String, of option: String) throws(InputError) -> String {
    let bytes = FileName.bytes(argument)
    if var error = TextFile.encodingError(in: bytes.span, path: option, unit: "text") {
      error.line = nil
      throw error
    }
    return bytes.span.string(0..<bytes.count)
  }
}
