/// A request that cannot be carried out as given: exit status 2. Other failures have status 1.
public struct UsageError: Error, Sendable, Equatable, CustomStringConvertible {
  /// One sentence with what to do.
  public let description: String

  /// An error about the command line or the configuration file.
  public init(_ description: String) { self.description = description }
}
