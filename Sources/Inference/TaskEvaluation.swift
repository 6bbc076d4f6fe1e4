import Data
import Dist
import Foundation
import Model
import Storage
import Tokenization

/// What a fine-tuned model says of a split: examples shared out over the ranks, the same figures for any number of them.
package struct TaskEvaluation {
  private let split: EncodedSplit
  private let answer: Answer
  private let metrics: [Metric]
  private let batches: TaskBatches

  package init(_ split: EncodedSplit, answer: Answer, metrics: [Metric]) {
    (self.split, self.answer, self.metrics) = (split, answer, metrics)
    batches = TaskBatches(
      split.encoded, answer: answer, lmCoefficient: 0, microBatch: 1,
      tokensPerWindow: split.longest)
  }

  /// What was found, the same on every rank.
  package struct Result {
    /// Indices of classes or answers, or scores, in the order of the split.
    let predictions: [Double]
    /// Mean cross-entropy of the examples with a label, in nats; nil without labels.
    package let loss: Double?
    /// Of the examples with a label; nil without labels.
    package let metrics: [MetricValue]?
  }

  /// The most tokens of an example: what a decoder must hold at least.
  var tokensPerExample: Int { split.longest }

  /// Runs the decoder over all examples. Collective.
  package func measure(_ decoder: Decoder, _ communicator: Communicator) throws -> Result {
    let probabilities = try SharedRows.collect(
      costs: split.encoded.map { ($0.sequences.count, $0.length) }, columns: columns,
      capacity: decoder.capacity, communicator
    ) { examples in
      decoder.forward(
        batches.batch(windows: examples, samples: examples.map { UInt32(truncatingIfNeeded: $0) }))
      return decoder.exampleProbabilities()
    }
    let predictions = probabilities.map(answer.prediction)
    let losses = zip(probabilities, split.encoded).compactMap { found, example in
      // What a float cannot hold is as wrong as a probability gets.
      example.target.map { target in
        zip(found, target).reduce(0.0) {
          $1.1 == 0 ? $0 : $0 - Double($1.1) * log(max($1.0, Double(Float.leastNormalMagnitude)))
        }
      }
    }
    return Result(
      predictions: predictions,
      loss: losses.isEmpty ? nil : losses.reduce(0, +) / Double(losses.count),
      metrics: TaskEvaluation.values(of: metrics, predictions, split.examples))
  }

  /// The metrics of those predictions whose examples have a label; nil where none has.
  static func values(
    of metrics: [Metric], _ predictions: [Double], _ examples: [TaskExample]
  ) -> [MetricValue]? {
    let judged = zip(predictions, examples).compactMap { prediction, example in
      example.label.map { (prediction, $0) }
    }
    guard !judged.isEmpty else { return nil }
    return metrics.map {
      MetricValue($0, $0.value(predictions: judged.map(\.0), labels: judged.map(\.1)))
    }
  }

  /// Probabilities of an example.
  private var columns: Int {
    switch answer {
    case .classes(let labels): labels.count
    case .choices(let count): count
    case .score(let most): most + 1
    }
  }
}
