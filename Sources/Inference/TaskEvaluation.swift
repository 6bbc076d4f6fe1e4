import Data
import Dist
import Foundation
import Model
import Storage
import Tokenization

/// The evaluation of a fine-tuned model on a split. The ranks share the examples; the results are the same for any number of ranks.
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

  /// The results, equal on all ranks.
  package struct Result {
    /// For each example of the split, the index of a class or answer, or a score.
    let predictions: [Double]
    /// The mean cross-entropy of the examples with a label, in nats; nil without labels.
    package let loss: Double?
    /// The metrics of the examples with a label; nil without labels.
    package let metrics: [MetricValue]?
  }

  /// The largest number of tokens of an example, which a decoder must have room for.
  var tokensPerExample: Int { split.longest }

  /// Runs the decoder over all examples. Collective.
  package func measure(_ decoder: Decoder, _ communicator: Communicator) throws -> Result {
    let probabilities = try SharedRows.collect(
      costs: split.encoded.map(\.tokenCount), columns: columns,
      capacity: decoder.capacity, communicator
    ) { examples in
      decoder.forward(
        batches.batch(windows: examples, samples: examples.map { UInt32(truncatingIfNeeded: $0) }))
      return decoder.exampleProbabilities()
    }
    let predictions = probabilities.map(answer.prediction)
    let losses = zip(probabilities, split.encoded).compactMap { found, example in
      // A probability below the smallest normal float counts as that float, so that the loss is finite.
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

  /// The metrics of the predictions whose examples have a label; nil if none has.
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

  /// The number of probabilities per example.
  private var columns: Int {
    switch answer {
    case .classes(let labels): labels.count
    case .choices(let count): count
    case .score(let most): most + 1
    }
  }
}
