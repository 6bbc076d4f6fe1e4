import Buffers
import Kernels

/// The state that all operations of one forward or backward pass share.
struct Pass {
  let config: ModelConfig
  let batch: Batch
  let dropout: Dropout
  /// Dropout before a task's linear layer.
  let classifierDropout: Dropout
  let team: ThreadTeam
  let activations: Activations
  /// Each worker's engine of matrix products.
  let products: [any MatrixProducts]

  /// The most rows of a product's tile: see `DecoderUse.productRows`.
  let tileRows: Int

  /// The most columns of a product's tile.
  static let productColumns = 384
  /// The rows of a tile of what goes row by row. What is summed inside a tile must not depend on the number of threads.
  static let rowTileHeight = 16

  /// R
  var rows: Int { batch.rows }

  /// Runs `body` on every tile of rows.
  func rowTiles(_ body: (_ rows: Range<Int>, _ worker: Int) -> Void) {
    team.rows(rows, height: Pass.rowTileHeight, body)
  }

  /// Runs `body` on every tile of a product with an output of R rows and `columns` columns.
  ///
  /// The height follows from R alone: a quarter of it, so that small batches can be shared out too, up to `tileRows`.
  func productTiles(
    columns: Int, _ body: (_ rows: Range<Int>, _ columns: Range<Int>, _ worker: Int) -> Void
  ) {
    let quarter = (rows / 4 + 63) & ~63
    team.grid(
      rows: rows, columns: columns, height: min(tileRows, max(64, quarter)),
      width: Pass.evenWidth(columns, atMost: Pass.productColumns), body)
  }

  /// The width, a multiple of 64 where it is not all, of as few windows of `columns` as there can be, so that they are nearly equal.
  static func evenWidth(_ columns: Int, atMost most: Int) -> Int {
    let windows = (columns + most - 1) / most
    return min(columns, (columns / windows + 63) & ~63)
  }

  /// Runs `body` for every head of every sequence, with the worker's scratch memory.
  func heads(_ body: (_ sequence: Int, _ head: Int, _ scratch: Vector, _ worker: Int) -> Void) {
    team.perform(batch.sequences * config.heads) { tile, worker in
      body(
        tile / config.heads, tile % config.heads, activations.attentionScratch(worker: worker),
        worker)
    }
  }

  /// The key of the attention dropout of one head of one sequence.
  func place(sequence: Int, head: Int, layer: Int) -> Attention.Place {
    Attention.Place(
      dropout: dropout, sample: batch.samples[sequence], layer: layer, head: head,
      context: config.context)
  }

  /// y ← dropout(x) on a row of the batch; the same elements are dropped in forward and backward.
  func drop(_ x: Vector, row: Int, layer: Int, place: DropoutPlace, into y: Vector) {
    let (sequence, position) = batch.place(ofRow: row)
    dropout.apply(
      x, sample: batch.samples[sequence], layer: layer, place: place,
      firstElement: position * config.width, into: y)
  }

  /// Tells the observer what `worker` has just written.
  func observe(
    _ operation: Operation, layer: Int?, worker: Int, _ output: Matrix, firstRow: Int = 0
  ) {
    team.observer?.finished(
      operation, layer: layer, worker: worker, output: output, firstRow: firstRow)
  }
}
