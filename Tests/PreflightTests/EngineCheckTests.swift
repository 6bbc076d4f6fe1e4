import Kernels
import Preflight
import Testing

/// Messages about engines of matrix products that differ between ranks, with made-up engines.
@Suite struct EngineCheckTests {
  private func engine(
    _ kernels: String, version: String = "0.3.21", products: String = "1f", oneDNN: String? = nil
  ) -> ProductEngine {
    var engine = ProductEngine()
    (engine.openBLAS, engine.kernels, engine.products) = (version, kernels, [products])
    engine.oneDNN = oneDNN
    return engine
  }

  @Test func equalEnginesAreNotSpokenOf() {
    let one = engine("Haswell")
    #expect(EngineCheck.difference([one, one, one], hosts: ["a", "a", "b"]) == nil)
    #expect(EngineCheck.difference([one], hosts: ["a"]) == nil)
    #expect(EngineCheck.change(from: nil, to: one) == nil)
    #expect(EngineCheck.change(from: one, to: one) == nil)
  }

  @Test func bothSidesAreNamedWithTheirHostsAndWhatToSet() throws {
    let text = try #require(
      EngineCheck.difference(
        [engine("SkylakeX"), engine("SkylakeX"), engine("Haswell", products: "2e")],
        hosts: ["a", "b", "c"]))
    #expect(
      text.contains(
        "\n  ranks 0-1 on a, b: OpenBLAS 0.3.21 with kernels for SkylakeX (products 1f)\n"))
    #expect(
      text.contains("\n  rank 2 on c: OpenBLAS 0.3.21 with kernels for Haswell (products 2e)\n"))
    #expect(
      text.contains(
        "Set OPENBLAS_CORETYPE=Haswell on all nodes: mpirun -x OPENBLAS_CORETYPE=Haswell"))
  }

  /// A difference in any part is one.
  @Test(arguments: ["kernels", "version", "products", "oneDNN"])
  func everyPartCounts(part: String) {
    let one = engine("Haswell", oneDNN: "2.6 with AVX2")
    var other = one
    switch part {
    case "kernels": other.kernels = "Zen"
    case "version": other.openBLAS = "0.3.29"
    case "products": other.products = ["2e"]
    default: other.oneDNN = "2.6 with AVX512_CORE"
    }
    let text = EngineCheck.difference([one, other], hosts: ["a", "b"])
    #expect(
      text?.contains(part == "kernels" ? "=Haswell" : "Install the same") == true, "\(text ?? "")")
    #expect(text?.contains("ONEDNN_MAX_CPU_ISA") == (part == "oneDNN"))
    #expect(EngineCheck.change(from: one, to: other)?.contains("\(other)") == true)
  }

  @Test func theKernelsThatAllProcessorsHaveAreProposed() {
    #expect(ProductEngine.common(["SkylakeX", "Haswell", "Cooperlake"]) == "Haswell")
    #expect(ProductEngine.common(["Zen", "SkylakeX"]) == "Zen")
    #expect(ProductEngine.common(["Zen", "NEOVERSEN1"]) == nil)
  }

  @Test func aRunThatGoesOnWithOtherKernelsIsToldWhichItHad() {
    let text = EngineCheck.change(from: engine("Haswell"), to: engine("SkylakeX", products: "2e"))
    #expect(text?.contains("set OPENBLAS_CORETYPE=Haswell on all nodes") == true)
    #expect(text?.contains("kernels for Haswell") == true && text?.contains("for SkylakeX") == true)
  }
}
