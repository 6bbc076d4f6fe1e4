import Buffers

// A flat vector that rank 0 has whole and the others in parts.
extension Communicator {
  /// Copies every rank's owned floats into rank 0's vector. Collective.
  ///
  /// - Parameters:
  ///   - values: the floats of `range`; rank 0's range holds all ranks' owned ones
  ///   - owned: this rank's part of the whole; where all ranks own everything, nothing moves
  public func collect(_ values: Vector, range: Range<Int>, owned: Range<Int>) throws(MPIError) {
    try move(values, range: range, owned: owned, toRoot: true)
  }

  /// Copies rank 0's floats to the ranks that own them. Collective.
  public func distribute(
    _ values: Vector, range: Range<Int>, owned: Range<Int>
  ) throws(MPIError) {
    try move(values, range: range, owned: owned, toRoot: false)
  }

  private func move(
    _ values: Vector, range: Range<Int>, owned: Range<Int>, toRoot: Bool
  ) throws(MPIError) {
    guard size > 1 else { return }
    let bounds = try slices(owned)
    // If all ranks update everything alike, rank 0 has it already and sends it by a broadcast.
    if Set(bounds).count == 1 { return toRoot ? () : try broadcast(values) }
    let chunks = bounds.map { ($0.count + Communicator.chunk - 1) / Communicator.chunk }
    for rank in 1..<size where isRoot || rank == self.rank {
      for index in 0..<chunks[rank] {
        progress.reached(bucket: index)
        let start = bounds[rank].lowerBound + index * Communicator.chunk
        let end = min(start + Communicator.chunk, bounds[rank].upperBound)
        let part = values[start - range.lowerBound..<end - range.lowerBound]
        let message = [Message(rank: isRoot ? rank : 0, values: part)]
        try begin(
          sending: isRoot == toRoot ? [] : message, receiving: isRoot == toRoot ? message : []
        ).wait()
      }
    }
  }

  /// Every rank's range, in the order of the ranks. Collective.
  private func slices(_ owned: Range<Int>) throws(MPIError) -> [Range<Int>] {
    var bounds = [Double](repeating: 0, count: 2 * size)
    bounds[2 * rank] = Double(owned.lowerBound)
    bounds[2 * rank + 1] = Double(owned.upperBound)
    bounds = try allReduce(bounds, .sum)
    return (0..<size).map { Int(bounds[2 * $0])..<Int(bounds[2 * $0 + 1]) }
  }
}
