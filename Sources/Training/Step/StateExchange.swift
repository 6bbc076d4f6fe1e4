// Collects all ranks' optimizer state on rank 0, for checkpoints, and distributes it again.
extension Trainer {
  /// Copies the weights and all ranks' optimizer state into rank 0's `snapshot`. Collective.
  package func fill(_ snapshot: Snapshot?) throws {
    if let snapshot { team.copy(state.weights, to: snapshot.weights) }
    for (index, (_, values)) in optimizer.tensors.enumerated() {
      let whole = snapshot?.states[index].values
      if let whole { team.copy(values, to: whole[optimizer.range]) }
      try communicator.collect(
        whole ?? values, range: whole == nil ? optimizer.range : 0..<table.count,
        owned: reducer.owned)
    }
  }

  /// Gives every rank its own part of the optimizer state in rank 0's `snapshot`. Collective.
  func takeOptimizerState(from snapshot: Snapshot?) throws {
    for (index, (_, values)) in optimizer.tensors.enumerated() {
      let whole = snapshot?.states[index].values
      try communicator.distribute(
        whole ?? values, range: whole == nil ? optimizer.range : 0..<table.count,
        owned: reducer.owned)
      if let whole { team.copy(whole[optimizer.range], to: values) }
    }
  }
}
