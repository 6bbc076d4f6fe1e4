import Buffers
import COneDNN

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The speed of OpenBLAS's kernels relative to those that oneDNN generates for this CPU.
public enum KernelSpeed {
  /// Side of the square factors: a product takes some milliseconds.
  private static let side = 512
  private static let rounds = 12

  /// Seconds of an equal product by both libraries in the calling thread: the best of several, measured alternately. Seconds of the
  /// CPU, so that other programs do not count.
  public static func measure() -> (openBLAS: Double, oneDNN: Double) {
    let count = side * side
    let memory = FloatBuffer(3 * count)
    let (a, b, c) = (memory[0..<count], memory[count..<2 * count], memory[2 * count..<3 * count])
    for index in 0..<count { (a[index], b[index]) = (Float(index % 17) - 8, Float(index % 13) - 6) }
    // Debian's oneDNN would start threads of its own.
    omp_set_num_threads(1)
    var best = (openBLAS: Double.infinity, oneDNN: Double.infinity)
    // The first of each compiles code or touches memory.
    for round in 0...rounds {
      let one = seconds {
        MatrixProduct.multiply(
          a.matrix(rows: side, columns: side), b.matrix(rows: side, columns: side),
          into: c.matrix(rows: side, columns: side))
      }
      let other = seconds {
        let size = dnnl_dim_t(side)
        let status = unsafe dnnl_sgemm(
          CChar(UInt8(ascii: "N")), CChar(UInt8(ascii: "N")), size, size, size, 1, a.base, size,
          b.base, size, 0, c.base, size)
        precondition(status == dnnl_success, "oneDNN refused a product")
      }
      guard round > 0 else { continue }
      best.openBLAS = min(best.openBLAS, one)
      best.oneDNN = min(best.oneDNN, other)
    }
    return best
  }

  private static func seconds(_ body: () -> Void) -> Double {
    func now() -> Double {
      var time = timespec()
      unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    let start = now()
    body()
    return now() - start
  }
}
