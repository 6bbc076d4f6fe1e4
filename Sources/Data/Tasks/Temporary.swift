/// Stands in until the formats are merged.
public struct TaskFiles: Sendable, Equatable {
  public init() {}
}
/// Stands in until the formats are merged.
public struct Submission: Sendable, Equatable {
  public init() {}
}
