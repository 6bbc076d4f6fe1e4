import Buffers
import Kernels
import Model

/// The matrix products of a training step and nothing else, on the same threads: a bound on the speed of the step.
///
/// Every shape of product in the step (in attention by head and block of queries) is divided among the threads in the best of several
/// ways. Weights and activations have separate memory, at a different place for every layer if there is room. Recomputation is not
/// counted: the bound is for the arithmetic that training needs.
package final class Roofline {
  private let team: ThreadTeam
  private let clock = ContinuousClock()
  private let products: [any MatrixProducts]
  private let shapes: [ProductShape]
  private let attention: AttentionProducts
  private let a, b, c: FactorBuffer
  private var tiles: [ProductShape: Tile] = [:]

  /// The height and the width of the tiles of a product's output.
  private struct Tile: Hashable {
    let height, width: Int
  }

  /// The operations that a measurement of a shape should have, for two threads. A shape is repeated no more often than in a micro-batch.
  private static let flopsAtOnce = 4e10

  package init(
    _ config: ModelConfig, _ use: DecoderUse, sequences: Int, length: Int, team: ThreadTeam
  ) {
    self.team = team
    shapes = OperationCost(config, use, sequences: sequences, length: length).products
    let rounds = use.precision.rounds
    products = use.products(workers: team.size)
    func buffer(_ counts: [Int]) -> FactorBuffer {
      FactorBuffer(max(Roofline.streamCount, counts.max() ?? 0), rounds: rounds, team: team)
    }
    a = buffer(shapes.map { $0.rows * $0.inner })
    b = buffer(shapes.map { $0.columns * $0.inner })
    c = buffer(shapes.map { $0.rows * $0.columns })
    attention = AttentionProducts(
      config, sequences: sequences, length: length, rounds: rounds, team: team)
  }

  /// Floats of memory that a roofline takes.
  package static func count(_ config: ModelConfig, _ use: DecoderUse, sequences: Int, length: Int)
    -> Int
  {
    let shapes = OperationCost(config, use, sequences: sequences, length: length).products
    let largest = [
      shapes.map { $0.rows * $0.inner }, shapes.map { $0.columns * $0.inner },
      shapes.map { $0.rows * $0.columns },
    ].map { max(streamCount, $0.max() ?? 0) }.reduce(0, +)
    return use.precision.rounds ? largest * 3 / 2 : largest
  }

  /// Tries every way to divide each shape into tiles, and keeps the fastest of several rounds.
  package func calibrate(rounds: Int = 3) {
    for shape in shapes {
      var best = (tile: Tile(height: shape.rows, width: shape.columns), seconds: Double.infinity)
      for _ in 0..<rounds {
        for tile in candidates(shape) {
          let seconds = seconds { run(shape, tile, at: 0) }
          if seconds < best.seconds { best = (tile, seconds) }
        }
      }
      tiles[shape] = best.tile
    }
  }

  /// The tiles that the step uses, and those that give each thread one large piece.
  private func candidates(_ shape: ProductShape) -> Set<Tile> {
    func part(_ count: Int) -> Int {
      // A multiple of the BLAS's block sizes.
      min(count, ((count + team.size - 1) / team.size + 15) & ~15)
    }
    let (rows, columns) = (shape.rows, shape.columns)
    return [
      Tile(height: part(rows), width: columns), Tile(height: rows, width: part(columns)),
      Tile(height: min(512, max(64, (rows / 4 + 63) & ~63)), width: 768),
      Tile(height: 768, width: 384), Tile(height: rows, width: 512),
      Tile(height: 1_024, width: columns), Tile(height: 256, width: 384),
      Tile(height: 128, width: 384),
    ]
  }

  /// Seconds of all the products of a micro-batch, by operation: each shape is measured once or several times and counted as often
  /// as it occurs.
  package func pass() -> [Operation: Double] {
    var result: [Operation: Double] = [:]
    for shape in shapes {
      let repetitions = min(
        shape.count,
        max(1, Int(Roofline.flopsAtOnce * Double(team.size) / 2 / shape.flops)))
      let tile = tiles[shape] ?? Tile(height: shape.rows, width: shape.columns)
      let measured = seconds {
        for repetition in 0..<repetitions { run(shape, tile, at: repetition) }
      }
      result[shape.operation, default: 0] += measured * Double(shape.count) / Double(repetitions)
    }
    let layers = Double(attention.layers)
    result[.attention] = layers * seconds { attention.forward(products) }
    result[.attentionBackward] = layers * seconds { attention.backward(products) }
    return result
  }

  private func run(_ shape: ProductShape, _ tile: Tile, at place: Int) {
    let a = a.matrix(
      rows: shape.transposeA ? shape.inner : shape.rows,
      columns: shape.transposeA ? shape.rows : shape.inner, place)
    let b = b.matrix(
      rows: shape.transposeB ? shape.columns : shape.inner,
      columns: shape.transposeB ? shape.inner : shape.columns, place)
    let c = c.matrix(rows: shape.rows, columns: shape.columns, place).values
    team.grid(rows: shape.rows, columns: shape.columns, height: tile.height, width: tile.width) {
      rows, columns, worker in
      products[worker].multiply(
        shape.transposeA ? a[columns: rows] : a[rows: rows], transposeA: shape.transposeA,
        shape.transposeB ? b[rows: columns] : b[columns: columns], transposeB: shape.transposeB,
        adding: shape.adds, into: c[rows: rows][columns: columns])
    }
  }

  /// The least number of floats in the vectors of `bandwidth`: more than any cache holds.
  private static let streamCount = 1 << 24

  /// Bytes per second of y ← y + x on vectors larger than the caches: two are read and one is written, in place as in the optimizer.
  func bandwidth() -> Double {
    let count = min(a.floats.count, c.floats.count)
    let (x, y) = (a.floats[0..<count], c.floats[0..<count])
    let time = seconds {
      team.rows(count, height: 1 << 16) { range, _ in
        Elementwise.add(y[range], x[range], into: y[range])
      }
    }
    return 12 * Double(count) / time
  }

  private func seconds(_ body: () -> Void) -> Double {
    let start = clock.now
    body()
    return start.duration(to: clock.now).seconds
  }
}

/// Memory for the factors of products, filled with numbers.
final class FactorBuffer {
  private let buffer: FloatBuffer
  private let roundedBuffer: FloatBuffer
  private let count: Int

  /// - Parameter rounds: true to keep rounded numbers as well
  init(_ count: Int, rounds: Bool, team: ThreadTeam) {
    self.count = (count + 1) & ~1
    buffer = FloatBuffer(self.count)
    roundedBuffer = FloatBuffer(rounds ? self.count / 2 : 0)
    let window = matrix(rows: 1, columns: self.count, 0)
    team.rows(self.count, height: 1 << 18) { range, _ in
      let part = window[columns: range]
      let row = part.values[row: 0]
      // Any numbers will do that are neither all equal nor large.
      for index in 0..<row.count { row[index] = Float((index &* 40_503) & 0xff) / 4_096 - 0.031 }
      part.round()
    }
  }

  /// All floats.
  var floats: Vector { buffer.vector }

  /// A matrix in this memory: a different part of it for every place, if there is room.
  func matrix(rows: Int, columns: Int, _ place: Int) -> Factor {
    let size = rows * columns
    // Even, so that the rounded matrix begins at a whole float.
    let start = (place % max(1, count / size)) * size & ~1
    return Factor(
      buffer.matrix(rows: rows, columns: columns, at: start),
      rounded: roundedBuffer.count == 0
        ? nil
        : roundedBuffer[start / 2..<start / 2 + (size + 1) / 2]
          .brainFloats(rows: rows, columns: columns))
  }
}
