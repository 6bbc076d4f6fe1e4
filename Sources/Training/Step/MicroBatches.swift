import Buffers
import Data
import Dist
import Inference
import Kernels
import Model
import Profiling

// Forward and backward of a rank's micro-batches.
extension Trainer {
  /// Adds up the gradients of this rank's micro-batches, and announces them to the reducer. Collective if it isolates micro-batches.
  ///
  /// - Returns: the loss sums of every micro-batch; 0 for those of other ranks
  func computeGradient(_ global: GlobalBatch) throws -> [LossSum] {
    let everything = 0..<state.gradients.count
    // If every micro-batch is exchanged alone, all ranks must take part equally often, even with zeros.
    let own = shares[communicator.rank].filter {
      reducer.isolatesMicroBatches || !global.places[$0].isEmpty
    }
    var sums = [LossSum](repeating: LossSum(), count: global.places.count)
    if own.isEmpty {
      clearGradient()
      reducer.ready(everything)
    }
    for microBatch in own {
      let isLast = microBatch == own.last
      if microBatch == own.first || reducer.isolatesMicroBatches { clearGradient() }
      if global.places[microBatch].isEmpty {
        reducer.ready(everything)
      } else {
        sums[microBatch] = try compute(microBatch, of: global, isLast: isLast)
      }
      try clock.measure(.communication) { try reducer.finishMicroBatch(isLast: isLast) }
    }
    return sums
  }

  private func clearGradient() { clock.measure(.backward) { team.clear(state.gradients) } }

  /// Adds the gradient of one micro-batch, and announces the parts that are final; returns the micro-batch's loss sums.
  ///
  /// - Parameter isLast: true for this rank's last micro-batch of the step
  private func compute(_ microBatch: Int, of global: GlobalBatch, isLast: Bool) throws -> LossSum {
    let batch = try clock.measure(.data) { try self.batch(microBatch, of: global) }
    clock.measure(.forward) { forward(batch, of: global.step) }
    let losses = clock.measure(.backward) {
      isLast && reducer.overlapsBackward
        ? backwardBesideSums(global)
        : decoder.backward(
          divisor: global.divisor, addingTo: state.gradients,
          ready: isLast || reducer.isolatesMicroBatches ? reducer.ready : { _ in })
    }
    let sum = LossSum(of: losses, batch, decoder)
    let place = "step \(global.step), rank \(communicator.rank)"
    try check?.report(at: place, batch) { global.windows[$0] }
    // While sums are in progress, the gradient is no longer this rank's alone.
    if check != nil, !reducer.overlapsBackward { try requireFiniteGradient(at: place, batch) }
    return sum
  }

  /// Runs backward of the last micro-batch while the reducer sums the announced parts.
  private func backwardBesideSums(_ global: GlobalBatch) -> Vector {
    team.polling(reducer.poll) {
      decoder.backward(
        divisor: global.divisor, addingTo: state.gradients, order: .tableFirst,
        ready: reducer.ready,
        lateRows: { reducer.takeLate(SparseRows(ids: $0, values: $1)) })
    }
  }

  /// Computes one micro-batch of a step on this rank alone, with the current weights. Overwrites the gradient with the micro-batch's.
  ///
  /// - Returns: the micro-batch's loss sums
  package func computeAlone(_ microBatch: Int, of global: GlobalBatch) throws -> LossSum {
    let batch = try self.batch(microBatch, of: global)
    team.clear(state.gradients)
    forward(batch, of: global.step)
    let losses = decoder.backward(divisor: global.divisor, addingTo: state.gradients)
    return LossSum(of: losses, batch, decoder)
  }

  /// The sequences or examples of a micro-batch as a batch.
  private func batch(_ microBatch: Int, of global: GlobalBatch) throws -> Batch {
    var batch = try training.batch(
      windows: global.windows(of: microBatch),
      samples: global.places[microBatch].map { UInt32($0) })
    if microBatch == shares[communicator.rank].first {
      fault?.strike(&batch, rank: communicator.rank, step: global.step)
    }
    return batch
  }

  /// Runs embeddings and blocks on a micro-batch of `step`, under the step's dropout masks.
  private func forward(_ batch: Batch, of step: Int) {
    decoder.forward(
      batch,
      dropout: Dropout(
        probability: state.config.dropout, seed: config.seed,
        step: UInt32(truncatingIfNeeded: step)),
      classifierDropout: Float(config.classifierDropout))
  }
}

/// The sums of a batch's losses, not yet divided.
package struct LossSum {
  /// The sum that is minimised.
  package var all = 0.0
  /// The part of it that is the task's own loss; 0 in pre-training.
  var examples = 0.0

  /// Zeros.
  init() {}

  /// Σ weight · loss over the positions of the decoder's last batch, and Σ loss over its examples, in their order.
  init(of losses: Vector, _ batch: Batch, _ decoder: Decoder) {
    for index in 0..<losses.count {
      all += Double(losses[index]) * Double(batch.lossWeights[index])
    }
    guard !batch.examples.isEmpty else { return }
    let exampleLosses = decoder.exampleLosses
    for index in 0..<exampleLosses.count { examples += Double(exampleLosses[index]) }
    all += examples
  }
}
