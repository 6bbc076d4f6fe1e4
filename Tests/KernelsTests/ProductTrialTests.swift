import Buffers
import Kernels
import Testing

struct ProductTrialTests {
  private func trial(
    _ engine: ProductsTests.Engine, threads: Int
  ) -> (fingerprints: [UInt64], problem: String?) {
    ThreadTeam(size: threads).tryProducts(
      engine.engine.products(engine.precision, workers: threads), rounds: engine.precision.rounds)
  }

  @Test(arguments: ProductsTests.Engine.all)
  func threadsGetTheSameBitsAndNoProductIsWrong(_ engine: ProductsTests.Engine) {
    let alone = trial(engine, threads: 1)
    #expect(alone.fingerprints.count == 1 && alone.problem == nil)
    let three = trial(engine, threads: 3)
    #expect(three.fingerprints == alone.fingerprints && three.problem == nil)
  }

  /// It reads what the products write: whatever lies in the memory before does not matter.
  @Test func itDependsOnTheProductsAlone() {
    // A team keeps OpenBLAS from threads of its own, which cut products in other ways from call to call.
    _ = ThreadTeam(size: 1)
    let zeros = FloatBuffer(ProductTrial.scratchCount)
    let others = FloatBuffer(ProductTrial.scratchCount, filledWith: .nan)
    func fingerprint(_ scratch: Vector) -> UInt64 {
      ProductTrial.fingerprint(of: OpenBLASProducts(), rounds: false, scratch: scratch)
    }
    #expect(fingerprint(zeros.vector) == fingerprint(others.vector))
  }

  /// An engine with an error in one element of one kind of product.
  private final class WrongProducts: MatrixProducts {
    enum Fault: CaseIterable { case small, nan, transposed }
    private let fault: Fault
    private let products = OpenBLASProducts()

    init(_ fault: Fault) { self.fault = fault }

    func compute(_ product: MatrixProduct) {
      products.compute(product)
      let last = product.c[row: product.c.rows - 1]
      switch fault {
      case .small: last[last.count - 1] += 1e-3
      case .nan: last[0] = .nan
      case .transposed: if product.transposeA, product.transposeB { last[3] = 0 }
      }
    }
  }

  @Test func aWrongProductIsFound() throws {
    _ = ThreadTeam(size: 1)
    let scratch = FloatBuffer(ProductTrial.scratchCount)
    for fault in WrongProducts.Fault.allCases {
      let problem = ProductTrial.problem(
        of: WrongProducts(fault), rounds: false, scratch: scratch.vector)
      #expect(problem?.hasPrefix("element (") == true, "\(fault)")
    }
  }
}
