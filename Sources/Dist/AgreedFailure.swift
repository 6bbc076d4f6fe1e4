/// A failure that every rank of the communicator throws at the same place, with the same words.
///
/// Nobody is left inside a collective, so the job may end in order: rank 0 prints it, all finalize.
public struct AgreedFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// The failure, and the ranks on which it occurred if not on all.
  public let description: String

  /// The exit status of the job.
  public let status: Int32

  /// A failure that all ranks know about.
  public init(_ description: String, status: Int32 = 1) {
    self.description = description
    self.status = status
  }
}

/// Ranks in words: `rank 3`, `ranks 0-2, 5`.
package func words(forRanks ranks: [Int]) -> String {
  (ranks.count == 1 ? "rank " : "ranks ") + words(forNumbers: ranks)
}

/// Numbers, each once, in words: `0-2, 5`.
package func words(forNumbers numbers: [Int]) -> String {
  var runs: [ClosedRange<Int>] = []
  for number in numbers.sorted() {
    if let last = runs.last, last.upperBound + 1 == number {
      runs[runs.count - 1] = last.lowerBound...number
    } else {
      runs.append(number...number)
    }
  }
  return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    .joined(separator: ", ")
}

/// The ranks of each distinct text, in the order of the lowest rank that has it.
package func groups(of texts: [(rank: Int, text: String)]) -> [(text: String, ranks: [Int])] {
  var result: [(text: String, ranks: [Int])] = []
  for (rank, text) in texts {
    if let index = result.firstIndex(where: { $0.text == text }) {
      result[index].ranks.append(rank)
    } else {
      result.append((text, [rank]))
    }
  }
  return result
}
