/// Why a helper of the tests could not do its work; the test that called it fails with this.
public struct SupportError: Error, CustomStringConvertible {
  /// The reason.
  public let description: String

  /// An error of this reason.
  public init(_ description: String) { self.description = description }
}

/// The error that `body` throws; a SupportError where it throws none, or one of another type.
public func failure<Failure: Error>(
  _ type: Failure.Type, _ body: () throws -> Void
) throws -> Failure {
  do {
    try body()
  } catch {
    guard let failure = error as? Failure else {
      throw SupportError("\(Failure.self) expected, but thrown was \(error)")
    }
    return failure
  }
  throw SupportError("\(Failure.self) expected, but nothing was thrown")
}

/// The message of the error that `body` throws; nil if it throws none.
public func complaint(_ body: () throws -> Void) -> String? {
  do { try body() } catch { return "\(error)" }
  return nil
}
