import Buffers
import Dist
import Model

extension RunConfig {
  /// What the reducer is told of the flat gradient.
  func gradientLayout(_ table: ParameterTable, _ use: DecoderUse) -> GradientLayout {
    GradientLayout(
      cuts: table.cuts, order: table.announcedRanges, table: table.tokenRange,
      width: table.parameters[0].shape[1], lateRows: use.capacity)
  }
}

extension Trainer {
  /// Backward of the last batch into the gradient, announced to the reducer as far as it is final; returns the losses.
  ///
  /// - Parameter isLast: whether it is this rank's last leaf of the step
  func backward(divisor: Double, isLast: Bool) -> Vector {
    func ready(_ range: Range<Int>) {
      guard isLast || reducer.isolatesLeaves else { return }
      reducer.ready(range)
    }
    guard isLast, let overlapped else {
      return decoder.backward(divisor: divisor, addingTo: state.gradients, ready: ready)
    }
    return team.polling(overlapped.progress) {
      decoder.backward(
        divisor: divisor, addingTo: state.gradients, ready: ready,
        lookup: { overlapped.add(SparseRows(ids: $0, values: $1)) })
    }
  }
}

extension OverlapTimes {
  /// For people, after the table of phases.
  var words: String {
    "\nof backward, \(format(hidden, 3)) s went beside communication, and \(format(polling, 3)) s went to MPI"
  }
}
