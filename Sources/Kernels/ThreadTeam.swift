import Buffers
import COpenBLAS

/// The threads of one rank. They share one copy of the weights and take the tiles of an operation one after the other.
///
/// The result of a tile must not depend on the number of threads or on the thread that takes it: tiles are cut by shape alone, and no two of
/// an operation write the same float. One thread at a time, the caller, hands out work; it is worker 0.
public final class ThreadTeam: Sendable {
  /// The number of threads, the caller's included.
  public let size: Int

  /// Sees what every worker does; nil costs nothing.
  public let observer: (any OperationObserver)?

  private let others: WorkerThreads?
  /// Read and written by the thread that hands out work, alone.
  nonisolated(unsafe) private var poll: (() -> Void)?

  /// A team of `size` threads; the matrix products of this process run single-threaded from here on.
  public init(size: Int, observer: (any OperationObserver)? = nil) {
    precondition(size > 0, "a team of \(size) threads")
    self.size = size
    self.observer = observer
    openblas_set_num_threads(1)
    ProductWorkspaces.take(size)
    others = size > 1 ? WorkerThreads(count: size - 1) : nil
  }

  deinit { others?.stop() }

  /// Runs `body(tile, worker)` once for every tile below `tiles` and returns when all are done.
  ///
  /// - Parameter body: `worker`, below `size`, owns its scratch memory while it works.
  public func perform(_ tiles: Int, _ body: (_ tile: Int, _ worker: Int) -> Void) {
    func observed(_ tile: Int, _ worker: Int) {
      observer?.began(worker: worker, tile: tile)
      body(tile, worker)
    }
    observer?.began(tiles: tiles)
    guard let others, tiles > 1 else {
      for tile in 0..<tiles {
        observed(tile, 0)
        unsafe poll?()
      }
      return
    }
    unsafe others.perform(tiles, observed, poll: poll)
  }

  /// Runs `body`; in the operations that it hands out, the thread that called this also calls `poll`: after each of its tiles, and
  /// again and again while it waits for the others.
  ///
  /// For what must be seen to often by one thread, as MPI. `poll` hands out no work.
  public func polling<Result>(_ poll: @escaping () -> Void, _ body: () throws -> Result) rethrows
    -> Result
  {
    unsafe self.poll = poll
    defer { unsafe self.poll = nil }
    return try body()
  }

  /// Cuts `count` rows into tiles of `height` and runs `body(rows, worker)` on each.
  public func rows(_ count: Int, height: Int, _ body: (_ rows: Range<Int>, _ worker: Int) -> Void) {
    perform((count + height - 1) / height) { tile, worker in
      body(tile * height..<min(count, (tile + 1) * height), worker)
    }
  }

  /// Cuts an output of `rows` x `columns` into tiles of at most `height` x `width` and runs `body(rows, columns, worker)` on each.
  public func grid(
    rows: Int, columns: Int, height: Int, width: Int,
    _ body: (_ rows: Range<Int>, _ columns: Range<Int>, _ worker: Int) -> Void
  ) {
    let across = (columns + width - 1) / width
    perform((rows + height - 1) / height * across) { tile, worker in
      let row = tile / across * height
      let column = tile % across * width
      body(row..<min(rows, row + height), column..<min(columns, column + width), worker)
    }
  }

  /// body(tile) of every tile, in their order.
  public func map<Result>(_ tiles: Int, _ body: (_ tile: Int, _ worker: Int) -> Result) -> [Result]
  {
    unsafe [Result](unsafeUninitializedCapacity: tiles) { results, count in
      perform(tiles) { tile, worker in
        unsafe results.initializeElement(at: tile, to: body(tile, worker))
      }
      count = tiles
    }
  }

  /// Overwrites `target` with `source`.
  public func copy(_ source: Vector, to target: Vector) {
    precondition(source.count == target.count, "a copy between different sizes")
    rows(source.count, height: 1 << 18) { range, _ in target[range].copy(from: source[range]) }
  }

  /// Sets a window to zero, each part by the thread that takes it, so that new memory lies spread over the threads' own (NUMA)
  /// memory.
  public func clear(_ vector: Vector) {
    rows(vector.count, height: 1 << 18) { range, worker in
      vector[range].fill(0)
      observer?.finished(
        .gradientZero, layer: nil, worker: worker,
        output: vector[range].matrix(rows: 1, columns: range.count), firstRow: 0)
    }
  }
}
