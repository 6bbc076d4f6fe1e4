import Buffers

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The speeds of the engines of matrix products relative to each other.
public enum EngineSpeed {
  /// Side of the square factors: a product takes some milliseconds.
  package static let side = 512
  private static let rounds = 12

  /// Floating-point operations of the product.
  public static let flops = 2 * pow(Double(side), 3)

  /// Seconds of an equal product by every engine that computes in `precision`, in the calling thread: the best of several rounds, in which
  /// the engines alternate. Seconds of the CPU, so that other programs do not count.
  public static func measure(_ precision: Precision) -> [ProductEngine: Double] {
    let engines = ProductEngine.allCases.filter { $0.computes(precision) }
    let count = side * side
    let memory = FloatBuffer(4 * count)
    func factor(_ index: Int) -> Factor {
      let floats = memory[index * count..<(index + 1) * count]
      for place in 0..<count { floats[place] = Float((place + index) % 17 - 8) / 8 }
      let values = floats.matrix(rows: side, columns: side)
      guard precision.rounds else { return Factor(values) }
      let start = 3 * count + index * count / 2
      let factor = Factor(
        values,
        rounded: memory[start..<start + count / 2].brainFloats(rows: side, columns: side))
      factor.round()
      return factor
    }
    let (a, b) = (factor(0), factor(1))
    let c = memory[2 * count..<3 * count].matrix(rows: side, columns: side)
    let products = engines.map { $0.products(precision, workers: 1)[0] }
    var best = [Double](repeating: .infinity, count: engines.count)
    // The first round compiles code and touches memory.
    for round in 0...rounds {
      for (index, engine) in products.enumerated() {
        let time = seconds { engine.multiply(a, b, into: c) }
        if round > 0 { best[index] = min(best[index], time) }
      }
    }
    return Dictionary(uniqueKeysWithValues: zip(engines, best))
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
