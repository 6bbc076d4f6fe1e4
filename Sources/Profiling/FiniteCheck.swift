import Buffers
import Kernels
import Model
import Synchronization

/// The search of the debug mode: records the first operation of a step whose output was not finite.
///
/// "First" refers to the order of operations in the pass, not to time: threads may finish a later tile earlier.
package final class FiniteCheck: OperationObserver {
  private let found = Mutex<Finding?>(nil)

  /// A check that has found nothing.
  package init() {}

  /// The first place of a value that is not finite.
  package struct Finding: Sendable {
    package let operation: Operation
    package let layer: Int?
    package let row: Int
    package let column: Int
    package let value: Float

    /// True if this comes before `other` in the pass: forward from the first block to the last, then backward; rows in order.
    fileprivate func isBefore(_ other: Finding) -> Bool {
      let (mine, others) = (order, other.order)
      return mine == others ? row <= other.row : mine < others
    }

    private var order: (Int, Int, Int) {
      let index = Operation.allCases.firstIndex(of: operation)!
      let backward = index >= Operation.allCases.firstIndex(of: .headBackward)!
      let phase = operation == .embedding ? 0 : layer != nil ? (backward ? 3 : 1) : 2
      return (phase, (layer ?? 0) * (backward ? -1 : 1), index)
    }
  }

  package func finished(
    _ operation: Operation, layer: Int?, worker: Int, output: Matrix, firstRow: Int
  ) {
    // The logits of a chunk are overwritten by their gradient; the losses show whether they were finite.
    guard operation.isPerToken, operation != .head else { return }
    guard let place = Reduction.firstNonFinite(output) else { return }
    let finding = Finding(
      operation: operation, layer: layer, row: firstRow + place.row, column: place.column,
      value: output[row: place.row][place.column])
    found.withLock { found in
      if let earlier = found, earlier.isBefore(finding) { return }
      found = finding
    }
  }

  /// Returns the finding of the passes since the last call, and clears it.
  package func take() -> Finding? {
    found.withLock { found in
      defer { found = nil }
      return found
    }
  }
}
