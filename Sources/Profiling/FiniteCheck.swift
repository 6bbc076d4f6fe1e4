import Buffers
import Kernels
import Model
import Synchronization

/// The debug mode's search: remembers the first operation of a step whose output was not finite.
///
/// "First" is the order of the pass, not of the clock: threads may finish a later tile earlier.
package final class FiniteCheck: OperationObserver {
  private let found = Mutex<Finding?>(nil)

  /// Nothing found yet.
  package init() {}

  /// Where a number stopped being finite.
  package struct Finding: Sendable {
    package let operation: Operation
    package let layer: Int?
    package let row: Int
    package let column: Int
    package let value: Float

    /// Whether this comes before `other` in the pass: forward from the first block to the last, then back; rows in order.
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

  package func began(worker: Int) {}

  package func finished(
    _ operation: Operation, layer: Int?, worker: Int, output: Matrix, firstRow: Int
  ) {
    // The logits of a chunk become their own gradient; the losses tell of them.
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

  /// The finding of the passes since the last call.
  package func take() -> Finding? {
    found.withLock { found in
      defer { found = nil }
      return found
    }
  }
}
