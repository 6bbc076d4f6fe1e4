import Buffers
import Kernels
import Testing

struct ProductFingerprintTests {
  @Test func threadsGetTheSameBits() {
    let alone = ThreadTeam(size: 1).productFingerprints()
    #expect(alone.count == 1)
    #expect(ThreadTeam(size: 3).productFingerprints() == alone)
  }

  /// It reads what the products write: whatever lies in the memory before does not matter.
  @Test func itDependsOnTheProductsAlone() {
    // A team keeps OpenBLAS from threads of its own, which cut products in other ways from call to call.
    _ = ThreadTeam(size: 1)
    let zeros = FloatBuffer(ProductFingerprint.scratchCount)
    let others = FloatBuffer(ProductFingerprint.scratchCount, filledWith: .nan)
    #expect(
      ProductFingerprint.compute(scratch: zeros.vector)
        == ProductFingerprint.compute(scratch: others.vector))
  }
}
