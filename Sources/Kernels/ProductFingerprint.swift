import Buffers
import Synchronization

/// A number computed from this machine's matrix products of fixed factors: equal numbers mean equal bits.
///
/// The bits of a product depend on the BLAS's kernels, which it picks by the CPU. They must not depend on the thread, or runs
/// of one and of two threads would differ; nothing but trying can tell.
public enum ProductFingerprint {
  /// Rows, columns and inner size: whole and broken tiles of the kernels, one row, and more than one pass over the inner size.
  private static let shapes = [(64, 96, 130), (33, 65, 520), (1, 200, 70), (130, 48, 64)]
  private static let factorCount = 65 * 520

  /// FNV-1a (Fowler, Noll & Vo) of the bits of products of all shapes, with each factor as it stands and transposed.
  ///
  /// - Parameter scratch: at least `scratchCount` floats
  public static func compute(scratch: Vector) -> UInt64 {
    let (first, second) = (scratch[0..<factorCount], scratch[factorCount..<2 * factorCount])
    let philox = Philox(seed: 1)
    for index in 0..<factorCount {
      let words = philox.words(SIMD4(UInt32(index), 0, 0, 0))
      first[index] = Float(Int32(bitPattern: words.x)) * 0x1p-31
      second[index] = Float(Int32(bitPattern: words.y)) * 0x1p-31
    }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for (rows, columns, inner) in shapes {
      let c = scratch[2 * factorCount..<2 * factorCount + rows * columns]
        .matrix(rows: rows, columns: columns)
      for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
        let a = first[0..<rows * inner]
        let b = second[0..<inner * columns]
        MatrixProduct.multiply(
          transposeA
            ? a.matrix(rows: inner, columns: rows) : a.matrix(rows: rows, columns: inner),
          transposeA: transposeA,
          transposeB
            ? b.matrix(rows: columns, columns: inner) : b.matrix(rows: inner, columns: columns),
          transposeB: transposeB, into: c)
        for index in 0..<rows * columns {
          hash = (hash ^ UInt64(c.vector[index].bitPattern)) &* 0x100_0000_01b3
        }
      }
    }
    return hash
  }

  /// Floats of scratch memory that `compute` needs.
  public static let scratchCount = 2 * factorCount + 130 * 96
}

extension ThreadTeam {
  /// The fingerprints of products that the team's threads compute, without repetition: one where bits do not depend on the thread.
  ///
  /// Each thread takes what it gets of several tiles for each, so that hardly one stays without.
  public func productFingerprints() -> [UInt64] {
    let memory = FloatBuffer(size * ProductFingerprint.scratchCount)
    let found = Mutex(Set<UInt64>())
    perform(4 * size) { _, worker in
      let start = worker * ProductFingerprint.scratchCount
      let fingerprint = ProductFingerprint.compute(
        scratch: memory[start..<start + ProductFingerprint.scratchCount])
      found.withLock { _ = $0.insert(fingerprint) }
    }
    return found.withLock { $0.sorted() }
  }
}
