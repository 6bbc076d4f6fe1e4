import Data
import Dist
import Files
import Foundation
import Model
import Tokenization

/// The zero-shot evaluation of a language model on a split of a task, by the paper's heuristics (§5).
struct ZeroShotTask {
  let spec: TaskSpec
  private let zeroShot: ZeroShot
  private let examples: [TaskExample]
  /// The number of lines in the files that are not examples.
  let leftOut: Int
  /// Labelled examples of the training split, used to choose the threshold of a rule that has one.
  private let calibration: [TaskExample]
  private let candidates: [[ZeroShotCandidate]]

  /// Notes about the files for the user.
  let notes: [String]
  /// The counts of all tokens of the texts, and of the unknown ones.
  let unknownTokens: UnknownTokens

  /// The largest number of examples used to choose a threshold.
  private static let calibrationCount = 1_000

  /// Reads the examples of `split`.
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

  /// Selects the labelled examples used to choose the threshold, without the seed of the run: the threshold is no part of the run.
  package static func drawn(_ examples: [TaskExample]) -> [TaskExample] {
    let labelled = examples.filter { $0.label != nil }
    guard labelled.count > calibrationCount else { return labelled }
    return (0..<calibrationCount).map { labelled[$0 * labelled.count / calibrationCount] }
  }

  /// The number of examples to evaluate.
  package var count: Int { examples.count }

  /// The ids of the examples in a predictions file.
  var ids: [String] { examples.map(\.id) }

  /// The number of examples with a label.
  var labelledCount: Int { examples.count { $0.label != nil } }

  /// The number of examples whose text was cut to the context.
  var truncatedCount: Int {
    candidates.suffix(examples.count).count { $0.contains { $0.cutTokens > 0 } }
  }

  /// Runs the decoder over all candidates. Collective.
  package func measure(_ decoder: Decoder, _ communicator: Communicator) throws
    -> TaskEvaluation.Result
  {
    let all = Array(candidates.joined())
    let scores = try SharedRows.collect(
      costs: all.map { max(1, $0.tokens.count) }, columns: 1, capacity: decoder.capacity,
      communicator
    ) { items in
      let part = items.map { all[$0] }
      let batch = ZeroShotTask.batch(part.map(\.tokens))
      decoder.forward(batch)
      let losses = decoder.losses()
      return part.enumerated().map { sequence, candidate in
        [candidate.score(batch.rows(of: sequence).dropLast().map { -Double(losses[$0]) })]
      }
    }
    return result(scores.map { $0[0] })
  }

  /// A batch that predicts every token except the first of each sequence. A sequence without tokens has one, which predicts nothing.
  private static func batch(_ sequences: [[Int32]]) -> Batch {
    let sequences = sequences.map { $0.isEmpty ? [0] : $0 }
    return Batch(
      lengths: sequences.map(\.count), tokens: sequences.flatMap { $0 },
      targets: sequences.flatMap { $0.dropFirst() + [0] },
      lossWeights: sequences.flatMap { repeatElement(1, count: $0.count - 1) + [0] },
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

/// Zero-shot evaluation during pre-training: on the development splits of tasks, at each validation.
package struct ZeroShotEvaluation {
  private let tasks: [ZeroShotTask]

  /// - Parameters:
  ///   - names: the names of the tasks, separated by commas
  ///   - folder: contains the folder of every task
  /// - Returns: nil if no task is named
  package init?(tasks names: String, folder: String, tokenizer: Tokenizer, context: Int) throws {
    guard !names.isEmpty else { return nil }
    tasks = try names.split(separator: ",", omittingEmptySubsequences: false).map { name in
      let spec = try TaskSpec.asked(name.trimmingCharacters(in: .whitespaces))
      return try ZeroShotTask(
        spec, .dev, folder: folder, tokenizer: tokenizer, context: context)
    }
  }

  /// Warnings about the examples for the user, one line each.
  package var warnings: [String] {
    tasks.flatMap { task in
      (task.notes + (task.unknownTokens.warning.map { [$0] } ?? [])).map {
        "\(task.spec.name): \($0)"
      }
    }
  }

  /// The metrics by the name of the task. Collective.
  package func measure(
    _ decoder: Decoder, _ communicator: Communicator
  ) throws -> [String: [MetricValue]] {
    var found: [String: [MetricValue]] = [:]
    for task in tasks { found[task.spec.name] = try task.measure(decoder, communicator).metrics }
    return found
  }
}
