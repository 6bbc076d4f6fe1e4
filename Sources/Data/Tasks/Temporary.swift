/// Stands in until the formats are merged.
public struct TaskFiles: Sendable, Equatable {
}

/// Stands in until the formats are merged.
public struct Submission: Sendable, Equatable {
}

extension TaskSpec {
  /// Stands in until the formats are merged.
  public static let builtIn = [
    TaskSpec(
      name: "cola", about: "", source: "", transformation: .classification,
      answer: .classes(["0", "1"]), metrics: [.matthews], files: TaskFiles(),
      zeroShot: .acceptability, submission: Submission())
  ]
}
