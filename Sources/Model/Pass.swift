import Buffers
import Kernels

/// What the operations of one forward or backward pass share.
struct Pass {
  let config: ModelConfig
  let batch: Batch
  let dropout: Dropout
  let team: ThreadTeam
  let activations: Activations
  let observer: (any OperationObserver)?

  /// The rows of a tile. Fixed, because what is summed inside a tile must not depend on the number of threads.
  static let tileRows = 256

  /// R = B·T
  var rows: Int { batch.sequences * batch.length }

  /// Runs `body` on every tile of rows.
  func tiles(_ body: (_ rows: Range<Int>, _ tile: Int) -> Void) {
    team.rows(rows, height: Pass.tileRows, body)
  }

  /// Runs `body` for every head of every sequence, with the worker's scratch memory.
  func heads(_ body: (_ sequence: Int, _ head: Int, _ scratch: Vector) -> Void) {
    team.perform(batch.sequences * config.heads) { tile, worker in
      body(
        tile / config.heads, tile % config.heads, activations.attentionScratch(worker: worker))
    }
  }

  /// The key of the attention dropout of one head of one sequence.
  func place(sequence: Int, head: Int, layer: Int) -> Attention.Place {
    Attention.Place(
      dropout: dropout, sample: batch.samples[sequence], layer: layer, head: head,
      context: config.context)
  }

  /// y ← dropout(x) on a tile; the same elements are dropped in forward and backward.
  func drop(
    _ x: Matrix, rows: Range<Int>, layer: Int, place: DropoutPlace, into y: Matrix
  ) {
    for row in rows {
      let (sequence, position) = row.quotientAndRemainder(dividingBy: batch.length)
      dropout.apply(
        x[row: row], sample: batch.samples[sequence], layer: layer, place: place,
        firstElement: position * config.width, into: y[row: row])
    }
  }

  func observe(_ operation: Operation, layer: Int?, _ output: Matrix, rows: Range<Int>) {
    observer?.finished(
      operation, layer: layer, output: output[rows: rows], firstRow: rows.lowerBound)
  }
}
