import Configuration
import Data
import Dist
import Files
import Model
import Profiling

/// The validation loss of pre-training. The ranks share the sequences; the result is the same for any number of ranks.
struct ValidationLoss {
  private let source: any BatchSource
  private let count: Int
  private let microBatch: Int

  /// Measures as many sequences of `source` as `config` asks for.
  init(_ source: any BatchSource, _ config: RunConfig) {
    self.source = source
    count = min(config.evaluateSequences ?? source.count, source.count)
    microBatch = config.microBatch
  }

  /// The mean over the targets, in nats, over all ranks. Collective.
  ///
  /// - Parameter check: looks for NaN and infinity in debug mode
  /// - Throws: also if the loss is not finite
  func measure(
    _ decoder: Decoder, _ communicator: Communicator, check: FiniteCheck?
  ) throws -> Double {
    let shares = MicroBatchShares(
      count: (count + microBatch - 1) / microBatch, ranks: communicator.size)
    // Spread evenly over the split, so that a part of it represents the whole.
    func window(_ sample: Int) -> Int { sample * source.count / count }
    // Added up in the order of the micro-batches, not of the ranks.
    var sums = [Double](repeating: 0, count: shares.count)
    var targets = sums
    for index in shares[communicator.rank] {
      let samples = index * microBatch..<min((index + 1) * microBatch, count)
      let batch = try source.batch(
        windows: samples.map(window), samples: samples.map { UInt32($0) })
      decoder.forward(batch)
      sums[index] = LossSum(of: decoder.losses(), batch, decoder).all
      try check?.report(at: "validation, rank \(communicator.rank)", batch, window: window)
      targets[index] = batch.targetCount
    }
    let total = try communicator.allReduce(sums, .sum).reduce(0, +)
    let loss = total / (try communicator.allReduce(targets, .sum).reduce(0, +))
    try communicator.together {
      guard loss.isFinite else {
        throw InputError(
          "the validation loss is \(loss): the weights are ruined. Training stops here; the last "
            + "checkpoint is untouched. Lower --learning-rate")
      }
    }
    return loss
  }
}
