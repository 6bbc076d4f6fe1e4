import Buffers
import Synchronization

/// Products of fixed factors that an engine is tried with before it is used.
///
/// Their fingerprint tells whether two engines give the same bits, which depend on the kernels that a library picks by the CPU. They must not
/// depend on the thread, or runs of one and of two threads would differ. Only a trial shows this, and whether a library computes wrongly on
/// a new CPU.
public enum ProductTrial {
  /// Rows, columns and inner size: whole and broken tiles of the kernels, one row, and more than one pass over the inner size.
  private static let shapes = [(64, 96, 130), (33, 65, 520), (1, 200, 70), (130, 48, 64)]
  private static let factorCount = 65 * 520
  private static let transpositions = [(false, false), (true, false), (false, true), (true, true)]

  /// Floats of scratch memory that a trial needs.
  public static let scratchCount = 3 * factorCount + 130 * 96

  /// FNV-1a (Fowler, Noll & Vo) of the bits of products of all shapes, with each factor as it stands and transposed.
  ///
  /// - Parameters:
  ///   - rounds: true if the engine reads rounded factors
  ///   - scratch: at least `scratchCount` floats
  public static func fingerprint(
    of products: any MatrixProducts, rounds: Bool, scratch: Vector
  ) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    perform(products, rounds: rounds, scratch: scratch) { _, _, _, _, c in
      for index in 0..<c.vector.count {
        hash = (hash ^ UInt64(c.vector[index].bitPattern)) &* 0x100_0000_01b3
      }
    }
    return hash
  }

  /// The first of these products that differs from one in float64 by more than roundings can; nil if none does.
  ///
  /// A sum of K products in fp32, in any order, is off by at most K·2⁻²⁴·Σ|aᵢbᵢ| (Higham 2002, §3.1).
  public static func problem(
    of products: any MatrixProducts, rounds: Bool, scratch: Vector
  ) -> String? {
    var problem: String?
    perform(products, rounds: rounds, scratch: scratch) { a, transposeA, b, transposeB, c in
      guard problem == nil else { return }
      let inner = transposeA ? a.rows : a.columns
      for row in 0..<c.rows {
        for column in 0..<c.columns {
          var (sum, magnitude) = (0.0, 0.0)
          for index in 0..<inner {
            let term =
              Double(transposeA ? a[row: index][row] : a[row: row][index])
              * Double(transposeB ? b[row: column][index] : b[row: index][column])
            sum += term
            magnitude += abs(term)
          }
          let found = Double(c[row: row][column])
          if !(abs(found - sum) <= 2 * Double(inner) * 0x1p-24 * magnitude) {
            problem =
              "element (\(row), \(column)) of a product of \(c.rows) x \(inner) and \(inner) x \(c.columns) "
              + "is \(found) instead of \(sum)"
            return
          }
        }
      }
    }
    return problem
  }

  private static func perform(
    _ products: any MatrixProducts, rounds: Bool, scratch: Vector,
    _ body: (_ a: Matrix, _ transposeA: Bool, _ b: Matrix, _ transposeB: Bool, _ c: Matrix) -> Void
  ) {
    let (first, second) = (scratch[0..<factorCount], scratch[factorCount..<2 * factorCount])
    let halves = scratch[2 * factorCount..<3 * factorCount]
    let philox = Philox(seed: 1)
    for index in 0..<factorCount {
      let words = philox.words(SIMD4(UInt32(index), 0, 0, 0))
      first[index] = Float(Int32(bitPattern: words.x)) * 0x1p-31
      second[index] = Float(Int32(bitPattern: words.y)) * 0x1p-31
    }
    func factor(_ values: Vector, _ half: Int, rows: Int, columns: Int) -> Factor {
      let values = values[0..<rows * columns].matrix(rows: rows, columns: columns)
      guard rounds else { return Factor(values) }
      let start = half * factorCount / 2
      let rounded = halves[start..<start + (rows * columns + 1) / 2]
        .brainFloats(rows: rows, columns: columns)
      let factor = Factor(values, rounded: rounded)
      factor.round()
      // The reference has to see the factors that the engine reads.
      for row in 0..<rows { rounded.widen(row: row, into: values[row: row]) }
      return factor
    }
    for (rows, columns, inner) in shapes {
      let c = scratch[3 * factorCount..<3 * factorCount + rows * columns]
        .matrix(rows: rows, columns: columns)
      for (transposeA, transposeB) in transpositions {
        let a = factor(
          first, 0, rows: transposeA ? inner : rows, columns: transposeA ? rows : inner)
        let b = factor(
          second, 1, rows: transposeB ? columns : inner, columns: transposeB ? inner : columns)
        products.multiply(a, transposeA: transposeA, b, transposeB: transposeB, into: c)
        body(a.values, transposeA, b.values, transposeB, c)
      }
    }
  }
}

extension ThreadTeam {
  /// The fingerprints of products that the team's threads compute, without repetition (one where bits do not depend on the thread), and the
  /// first wrong product.
  ///
  /// There are four tiles per thread, so that almost certainly every thread takes one.
  ///
  /// - Parameter products: an engine for each worker
  public func tryProducts(
    _ products: [any MatrixProducts], rounds: Bool
  ) -> (fingerprints: [UInt64], problem: String?) {
    let memory = FloatBuffer(size * ProductTrial.scratchCount)
    let found = Mutex(Set<UInt64>())
    func scratch(_ worker: Int) -> Vector {
      let start = worker * ProductTrial.scratchCount
      return memory[start..<start + ProductTrial.scratchCount]
    }
    perform(4 * size) { _, worker in
      let fingerprint = ProductTrial.fingerprint(
        of: products[worker], rounds: rounds, scratch: scratch(worker))
      found.withLock { _ = $0.insert(fingerprint) }
    }
    let problem = ProductTrial.problem(of: products[0], rounds: rounds, scratch: scratch(0))
    return (found.withLock { $0.sorted() }, problem)
  }
}
