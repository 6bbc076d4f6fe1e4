/// The world's mistake: a file, a line of it, what was found or expected, and what to do next.
///
/// It is printed as it stands, once. Our own mistakes trap instead.
public struct InputError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file or folder at fault.
  public var path: String?

  /// The line in that file, from 1.
  public var line: Int?

  /// One sentence: what was found, what was expected, what to do.
  public var reason: String

  /// An error about `reason`, at `line` of `path` where there is one.
  public init(_ reason: String, path: String? = nil, line: Int? = nil) {
    self.path = path
    self.line = line
    self.reason = reason
  }

  /// `path:line: reason`, for people. A control character in the path, which would move a terminal's cursor, stands there by its code point.
  public var description: String {
    let place = [path?.withoutControls, line.map(String.init)].compactMap { $0 }.joined(
      separator: ":")
    return FileName.printable(place.isEmpty ? reason : "\(place): \(reason)")
  }
}
