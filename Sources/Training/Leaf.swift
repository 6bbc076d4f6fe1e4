import Buffers
import Kernels
import Model

// What a leaf is made of, a pure function of the step and its number, whoever computes it.
extension Trainer {
  /// Targets of a step, over all ranks: known before the forward pass, since losses and gradients are sums over it, whoever
  /// computes them.
  var targets: Double { Double(config.batch * state.config.context) }

  /// The leaves that this rank computes.
  var ownLeaves: [Int] {
    Array(stride(from: communicator.rank, to: config.leaves, by: communicator.size))
  }

  /// The leaf's sequences out of the step's windows.
  func batch(_ leaf: Int, of step: Int) throws -> Batch {
    let samples = samples(of: leaf)
    var batch = try training.batch(
      windows: Array(sampler.windows(step: step)[samples]), samples: samples.map { UInt32($0) })
    fault?.strike(&batch, leaf: leaf, rank: communicator.rank, step: step)
    return batch
  }

  /// The leaf's places in the step's global batch.
  func samples(of leaf: Int) -> Range<Int> {
    leaf * config.microBatch..<(leaf + 1) * config.microBatch
  }

  /// The masks of a step.
  func dropout(of step: Int) -> Dropout {
    Dropout(
      probability: state.config.dropout, seed: config.seed,
      step: UInt32(truncatingIfNeeded: step))
  }

  /// Σ weight · loss, in the order of the positions.
  func weightedSum(_ losses: Vector, _ weights: [Float]) -> Double {
    var sum = 0.0
    for index in 0..<losses.count { sum += Double(losses[index]) * Double(weights[index]) }
    return sum
  }
}
