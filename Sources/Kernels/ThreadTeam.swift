import COpenBLAS
import Dispatch
import Synchronization

/// The threads of one rank. They share one copy of the weights and take the tiles of an operation one after the other.
///
/// What a tile computes must not depend on the number of threads or on who takes it: tiles are cut by shape alone, and no two of
/// an operation write the same float.
public final class ThreadTeam: Sendable {
  /// The number of threads, the caller's included.
  public let size: Int

  /// A team of `size` threads; the matrix products of this process run single-threaded from here on.
  public init(size: Int) {
    precondition(size > 0, "a team of \(size) threads")
    self.size = size
    openblas_set_num_threads(1)
  }

  /// Runs `body(tile, worker)` once for every tile below `tiles` and returns when all are done.
  ///
  /// - Parameter body: `worker`, below `size`, owns its scratch memory while it works.
  public func perform(_ tiles: Int, _ body: (_ tile: Int, _ worker: Int) -> Void) {
    let workers = min(size, tiles)
    guard workers > 1 else {
      for tile in 0..<tiles { body(tile, 0) }
      return
    }
    let next = Atomic(0)
    // The caller's tiles write apart from each other, which the type checker cannot see.
    withoutActuallyEscaping(body) { body in
      nonisolated(unsafe) let body = body
      DispatchQueue.concurrentPerform(iterations: workers) { worker in
        while true {
          let tile = next.wrappingAdd(1, ordering: .relaxed).oldValue
          guard tile < tiles else { return }
          unsafe body(tile, worker)
        }
      }
    }
  }

  /// Cuts `count` rows into tiles of `height` and runs `body(rows, tile)` on each.
  public func rows(_ count: Int, height: Int, _ body: (_ rows: Range<Int>, _ tile: Int) -> Void) {
    perform((count + height - 1) / height) { tile, _ in
      body(tile * height..<min(count, (tile + 1) * height), tile)
    }
  }

  /// Σ body(tile) over the tiles, added in their order.
  public func sum(_ tiles: Int, _ body: (_ tile: Int) -> Double) -> Double {
    var parts = [Double](repeating: 0, count: tiles)
    unsafe parts.withUnsafeMutableBufferPointer { parts in
      perform(tiles) { tile, _ in unsafe parts[tile] = body(tile) }
    }
    return parts.reduce(0, +)
  }
}
