import Buffers

/// Sums the micro-batches' gradients in the order of the micro-batches, whoever computed them: the bits do not depend on the number of ranks.
///
/// Every rank owns a slice of the flat vector. After each micro-batch, all ranks send every owner its slice, and the owner adds
/// what came to its sum in the order of the ranks, which is that of the micro-batches (`MicroBatchShares`). The optimizer works on the
/// slice alone, so that its state is shared out (Rajbhandari et al. 2020, arXiv:1910.02054, ZeRO-1), and `publish` gives every rank the
/// others' weights. With one micro-batch a rank the bytes sent are those of a ring all-reduce.
final class Ordered: GradientReducer {
  private let gradients: Vector
  private let weights: Vector
  private let communicator: Communicator
  private let slices: [Range<Int>]
  private let chunk: Int
  private let sum: FloatBuffer
  private let received: FloatBuffer
  private let scratch = FloatBuffer(Ordered.block)
  /// True until the first micro-batch of the step is summed.
  private var isFirst = true
  private var announced = 0

  static let isRankInvariant = true
  static let needsEqualShares = true
  static let sharesState = true
  let isolatesMicroBatches = true

  /// The most floats that a rank receives at once, twice: while one half is added, the other arrives.
  static let receivedCount = 1 << 22
  /// Floats that are summed at a time: 16 KiB.
  private static let block = 1 << 12

  /// Gradients are summed exactly as they were computed.
  static func supports(_ wire: WireFormat) -> Bool { wire == .fp32 }

  static func floats(_ layout: GradientLayout, ranks: Int, wire: WireFormat) -> Int {
    layout.count / ranks + (ranks > 1 ? 2 * receivedCount : 0)
  }

  init(_ setup: ReducerSetup) {
    (gradients, weights, communicator) = (setup.gradients, setup.weights, setup.communicator)
    slices = setup.layout.slices(ranks: communicator.size)
    let others = communicator.size - 1
    chunk = max(1 << 14, min(Communicator.chunk, Ordered.receivedCount / max(1, others)))
    sum = FloatBuffer(slices[communicator.rank].count)
    received = FloatBuffer(2 * others * chunk)
  }

  var owned: Range<Int> { slices[communicator.rank] }

  func ready(_ range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= gradients.count, "a range outside the gradient")
    announced += range.count
  }

  /// The part of a rank's slice that goes in message number `index`; empty behind its end.
  private func part(_ index: Int, of rank: Int) -> Range<Int> {
    let slice = slices[rank]
    let start = min(slice.lowerBound + index * chunk, slice.upperBound)
    return start..<min(start + chunk, slice.upperBound)
  }

  /// Messages to or from every other rank for each chunk of the longest slice.
  private var messages: Int {
    ((slices.map(\.count).max() ?? 0) + chunk - 1) / chunk
  }

  private var others: [Int] { (0..<communicator.size).filter { $0 != communicator.rank } }

  func finishMicroBatch(isLast: Bool) throws(MPIError) {
    precondition(
      announced == gradients.count, "\(announced) of \(gradients.count) floats were announced")
    announced = 0
    defer { isFirst = isLast }
    guard communicator.size > 1 else {
      // A single micro-batch is its own sum.
      return isFirst && isLast ? () : add([gradients], at: owned, isLast: isLast)
    }
    var previous: Communicator.Pending? = nil
    for index in 0..<messages {
      let next = try begin(index)
      if let pending = previous.take() {
        try pending.wait()
        add(index - 1, isLast: isLast)
      }
      previous = .some(next)
    }
    if let pending = previous.take() {
      try pending.wait()
      add(messages - 1, isLast: isLast)
    }
  }

  private func begin(_ index: Int) throws(MPIError) -> Communicator.Pending {
    communicator.progress.reached(bucket: index)
    let own = part(index, of: communicator.rank)
    return try communicator.begin(
      sending: others.map { Message(rank: $0, values: gradients[part(index, of: $0)]) },
      receiving: others.map { Message(rank: $0, values: arrived(index, from: $0, own.count)) })
  }

  private func arrived(_ index: Int, from rank: Int, _ count: Int) -> Vector {
    let place = rank < communicator.rank ? rank : rank - 1
    let start = (index % 2 * (communicator.size - 1) + place) * chunk
    return received[start..<start + count]
  }

  /// Adds every rank's floats for one chunk of the own slice, in the order of the ranks.
  package func add(_ index: Int, isLast: Bool) {
    let own = part(index, of: communicator.rank)
    let summands = (0..<communicator.size).map { rank in
      rank == communicator.rank ? gradients[own] : arrived(index, from: rank, own.count)
    }
    add(summands, at: own, isLast: isLast)
  }

  /// Adds micro-batches' floats of `range` to their sum so far, which after the last one stands in the gradient.
  ///
  /// Block by block: what is summed stays in the cache from the first summand to the last, and the gradient may be one of them.
  package func add(_ summands: [Vector], at range: Range<Int>, isLast: Bool) {
    let total = sum[range.lowerBound - owned.lowerBound..<range.upperBound - owned.lowerBound]
    let target = isLast ? gradients[range] : total
    for start in stride(from: 0, to: range.count, by: Ordered.block) {
      let part = start..<min(start + Ordered.block, range.count)
      let block = scratch[0..<part.count]
      block.copy(from: isFirst ? summands[0][part] : total[part])
      for summand in summands.dropFirst(isFirst ? 1 : 0) { Ordered.add(summand[part], to: block) }
      target[part].copy(from: block)
    }
  }

  package static func add(_ values: Vector, to total: Vector) {
    let (source, target) = unsafe (values.base, total.base)
    for index in 0..<total.count { unsafe target[index] += source[index] }
  }

  func finish() -> Range<Int> {
    precondition(isFirst, "the last micro-batch has not been finished")
    return owned
  }

  func publish() throws(MPIError) {
    guard communicator.size > 1 else { return }
    for index in 0..<messages {
      communicator.progress.reached(bucket: index)
      let own = weights[part(index, of: communicator.rank)]
      try communicator.begin(
        sending: others.map { Message(rank: $0, values: own) },
        receiving: others.map { Message(rank: $0, values: weights[part(index, of: $0)]) }
      ).wait()
    }
  }
}
