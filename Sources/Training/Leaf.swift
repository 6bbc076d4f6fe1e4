import Buffers
import Kernels
import Model

// What a leaf is made of, a pure function of the step and its number, whoever computes it.
extension Trainer {
  /// What a step's losses are divided by, over all ranks: the targets, or in fine-tuning the examples. Known before the forward
  /// pass, since losses and gradients are sums over it, whoever computes them.
  func divisor(of step: Int) -> Double {
    Double(sampler.places(step: step).count) * training.divisorPerWindow
  }

  /// A step's windows, in the order in which they are cut into leaves.
  func windows(of step: Int) -> [Int] { training.arranged(sampler.windows(step: step)) }

  /// The leaves of this rank's share, of which the last step of a fine-tuning may leave some empty.
  var ownLeaves: [Int] {
    Array(stride(from: communicator.rank, to: config.leaves, by: communicator.size))
  }

  /// Those of them that have something to compute.
  func ownLeaves(of step: Int) -> [Int] {
    ownLeaves.filter { !samples(of: $0, in: step).isEmpty }
  }

  /// The leaf's part of the step's windows.
  func batch(_ leaf: Int, of step: Int) throws -> Batch {
    let samples = samples(of: leaf, in: step)
    var batch = try training.batch(
      windows: Array(windows(of: step)[samples]), samples: samples.map { UInt32($0) })
    fault?.strike(&batch, leaf: leaf, rank: communicator.rank, step: step)
    return batch
  }

  /// The leaf's places in the step's global batch.
  func samples(of leaf: Int, in step: Int) -> Range<Int> {
    let whole = leaf * config.microBatch..<(leaf + 1) * config.microBatch
    return whole.clamped(to: 0..<sampler.places(step: step).count)
  }

  /// The masks of a step.
  func dropout(of step: Int) -> Dropout {
    Dropout(
      probability: state.config.dropout, seed: config.seed,
      step: UInt32(truncatingIfNeeded: step))
  }

  /// Runs blocks and embeddings on a leaf of `step`.
  func forward(_ batch: Batch, of step: Int) {
    decoder.forward(
      batch, dropout: dropout(of: step), classifierDropout: Float(config.classifierDropout))
  }

  /// Σ weight · loss over the positions of the last batch, and Σ loss over its examples, in their order.
  func sum(_ losses: Vector, of batch: Batch) -> LossSum {
    var sum = LossSum()
    for index in 0..<losses.count {
      sum.all += Double(losses[index]) * Double(batch.lossWeights[index])
    }
    guard !batch.examples.isEmpty else { return sum }
    let examples = decoder.exampleLosses
    for index in 0..<examples.count { sum.examples += Double(examples[index]) }
    sum.all += sum.examples
    return sum
  }
}

/// What the losses of a batch add up to, not yet divided.
struct LossSum {
  /// What is minimised.
  var all = 0.0
  /// The examples' part of it, the task's own loss; 0 in pre-training.
  var examples = 0.0
}
