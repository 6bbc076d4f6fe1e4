/// What the user asked for cannot be: exit status 2, where other failures have 1.
public struct UsageError: Error, Sendable, Equatable, CustomStringConvertible {
  /// One sentence with what to do.
  public let description: String

  /// An error about the command line or the configuration file.
  public init(_ description: String) { self.description = description }
}
