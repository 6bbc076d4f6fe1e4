import Data
import Dist
import Files
import Foundation
import Model
import Tokenization

/// What a language model answers to a task's examples without training on them, by the paper's heuristics (§5).
struct ZeroShotTask {
  let spec: TaskSpec
  private let zeroShot: ZeroShot
  private let examples: [TaskExample]
  /// Lines of the files that are no examples.
  let leftOut: Int
  /// Labelled examples of the training split, by which the threshold of a rule that has one is chosen.
  private let calibration: [TaskExample]
  private let candidates: [[ZeroShotCandidate]]

  /// What is to be told of the files.
  let notes: [String]
  /// Of all texts, those that the tokenizer does not know.
  let unknownTokens: UnknownTokens

  /// The examples that a threshold is chosen by.
  private static let calibrationCount = 1_000

  /// Reads the examples.
  init(
    _ spec: TaskSpec, _ split: TaskSplit, folder: String, tokenizer: Tokenizer, context: Int
  ) throws {
    guard let rule = spec.zeroShot else {
      throw UsageError(
        "\(spec.name) has no zero-shot heuristic; --zero-shot works for "
          + TaskSpec.builtIn.filter { $0.zeroShot != nil }.map(\.name).joined(separator: ", "))
    }
    self.spec = spec
    let zeroShot = ZeroShot(rule, tokenizer: tokenizer, context: context)
    self.zeroShot = zeroShot
    let contents = try spec.read(split, in: folder)
    (examples, leftOut, notes) = (contents.examples, contents.leftOut, contents.notes)
    calibration =
      rule == .acceptability
      ? ZeroShotTask.drawn(try spec.examples(.train, in: folder)) : []
    var unknown = UnknownTokens()
    candidates = (calibration + examples).map { zeroShot.candidates(of: $0, counting: &unknown) }
    unknownTokens = unknown
  }

  /// The same whatever the run's seed, since the threshold is no part of it.
  package static func drawn(_ examples: [TaskExample]) -> [TaskExample] {
    let labelled = examples.filter { $0.label != nil }
    guard labelled.count > calibrationCount else { return labelled }
    return (0..<calibrationCount).map { labelled[$0 * labelled.count / calibrationCount] }
  }

  /// How many are asked for.
  package var count: Int { examples.count }

  /// What predictions files call them.
  var ids: [String] { examples.map(\.id) }

  /// Those with a label.
  var labelledCount: Int { examples.count { $0.label != nil } }

  /// Those whose text was cut to the context.
  var truncatedCount: Int {
    candidates.suffix(examples.count).count { $0.contains { $0.cutTokens > 0 } }
  }

  /// Runs the decoder over all candidates. Collective.
  package func measure(_ decoder: Decoder, _ communicator: Communicator) throws
    -> TaskEvaluation.Result
  {
    let all = Array(candidates.joined())
    let scores = try SharedRows.collect(
      costs: all.map { (1, max(1, $0.tokens.count)) }, columns: 1, capacity: decoder.capacity,
      communicator
    ) { items in
      let part = items.map { all[$0] }
      let length = part.map(\.tokens.count).max() ?? 1
      decoder.forward(ZeroShotTask.batch(part.map(\.tokens), length: max(1, length)))
      let losses = decoder.losses()
      return part.enumerated().map { row, candidate in
        [
          candidate.score(
            (0..<max(0, candidate.tokens.count - 1)).map { -Double(losses[row * length + $0]) })
        ]
      }
    }
    return result(scores.map { $0[0] })
  }

  /// The batch that predicts every token but each sequence's first.
  private static func batch(_ sequences: [[Int32]], length: Int) -> Batch {
    func padded(_ ids: some Sequence<Int32>) -> [Int32] {
      let ids = Array(ids)
      return ids + repeatElement(0, count: length - ids.count)
    }
    return Batch(
      sequences: sequences.count, length: length, tokens: sequences.flatMap(padded),
      targets: sequences.flatMap { padded($0.dropFirst()) },
      lossWeights: [Float](repeating: 1, count: sequences.count * length),
      samples: sequences.indices.map { UInt32($0) })
  }

  private func result(_ scores: [Double]) -> TaskEvaluation.Result {
    var rest = scores[...]
    let byExample = candidates.map { candidates in
      defer { rest = rest.dropFirst(candidates.count) }
      return Array(rest.prefix(candidates.count))
    }
    let known = calibration.compactMap(\.label)
    let threshold =
      known.isEmpty
      ? 0
      : ZeroShot.bestThreshold(
        scores: byExample.prefix(known.count).map { $0[0] }, labels: known, metric: spec.metrics[0])
    let predictions = byExample.dropFirst(known.count).map {
      zeroShot.prediction(scores: $0, threshold: threshold)
    }
    return .init(
      predictions: predictions, loss: nil,
      metrics: TaskEvaluation.values(of: spec.metrics, predictions, examples))
  }
}

/// Such tasks during pre-training: on their development splits, at each validation.
package struct ZeroShotEvaluation {
  private let tasks: [ZeroShotTask]

  /// - Parameters:
  ///   - names: with commas between
  ///   - folder: has a folder of every task
  /// - Returns: nil where no task is named
  package init?(tasks names: String, folder: String, tokenizer: Tokenizer, context: Int) throws {
    guard !names.isEmpty else { return nil }
    tasks = try names.split(separator: ",", omittingEmptySubsequences: false).map { name in
      let spec = try TaskSpec.asked(name.trimmingCharacters(in: .whitespaces))
      return try ZeroShotTask(
        spec, .dev, folder: folder, tokenizer: tokenizer, context: context)
    }
  }

  /// What the user should know of the examples, a line each.
  package var warnings: [String] {
    tasks.flatMap { task in
      (task.notes + (task.unknownTokens.warning.map { [$0] } ?? [])).map {
        "\(task.spec.name): \($0)"
      }
    }
  }

  /// Metrics by the name of the task. Collective.
  package func measure(
    _ decoder: Decoder, _ communicator: Communicator
  ) throws -> [String: [MetricValue]] {
    var found: [String: [MetricValue]] = [:]
    for task in tasks { found[task.spec.name] = try task.measure(decoder, communicator).metrics }
    return found
  }
}
