import Kernels
import Preflight
import Testing

/// Messages about engines of matrix products that differ between ranks, with made-up engines.
@Suite struct EngineCheckTests {
  private func engine(
    _ kernels: String, version: String = "0.3.21", products: String = "1f", oneDNN: String? = nil
  ) -> EngineIdentity {
    var engine = EngineIdentity()
    engine.engine = oneDNN == nil ? .openblas : .onednn
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

  /// A difference in any part that the products depend on is one.
  @Test(arguments: [
    ("kernels", "Set OPENBLAS_CORETYPE=Haswell on all nodes"),
    ("version", "Install the same OpenBLAS and oneDNN"),
    ("products", "Install the same OpenBLAS and oneDNN"),
    ("oneDNN", "set ONEDNN_MAX_CPU_ISA to the same value"),
    ("engine", "Use --engine openblas on all ranks"),
    ("engine and kernels", "Use --engine openblas, and set OPENBLAS_CORETYPE=Haswell"),
  ])
  func everyPartCounts(part: String, remedy: String) {
    var one = engine("Haswell")
    if part == "oneDNN" { one = engine("Haswell", oneDNN: "2.6 with AVX2") }
    var other = one
    switch part {
    case "kernels": other.kernels = "Zen"
    case "version": other.openBLAS = "0.3.29"
    case "products": other.products = ["2e"]
    case "engine": other = engine("Haswell", oneDNN: "2.6 with AVX512_CORE")
    case "engine and kernels": other = engine("SkylakeX", oneDNN: "2.6 with AVX512_CORE")
    default: other.oneDNN = "2.6 with AVX512_CORE"
    }
    let text = EngineCheck.difference([one, other], hosts: ["a", "b"])
    #expect(text?.contains(remedy) == true, "\(text ?? "")")
    #expect(EngineCheck.change(from: one, to: other)?.contains("\(other)") == true)
  }

  /// A library that computes no product may differ.
  @Test func theOtherLibraryIsOfNoConcern() {
    let one = engine("Haswell", oneDNN: "2.6 with AVX512_CORE")
    let other = engine("SkylakeX", version: "0.3.29", oneDNN: "2.6 with AVX512_CORE")
    #expect(EngineCheck.difference([one, other], hosts: ["a", "b"]) == nil)
    #expect(EngineCheck.change(from: one, to: other) == nil)
  }

  @Test func theKernelsThatAllProcessorsHaveAreProposed() {
    #expect(EngineIdentity.common(["SkylakeX", "Haswell", "Cooperlake"]) == "Haswell")
    #expect(EngineIdentity.common(["Zen", "SkylakeX"]) == "Zen")
    #expect(EngineIdentity.common(["Zen", "NEOVERSEN1"]) == nil)
  }

  @Test func aRunThatGoesOnWithOtherKernelsIsToldWhichItHad() {
    let text = EngineCheck.change(from: engine("Haswell"), to: engine("SkylakeX", products: "2e"))
    #expect(text?.contains("set OPENBLAS_CORETYPE=Haswell on all nodes") == true)
    #expect(text?.contains("kernels for Haswell") == true && text?.contains("for SkylakeX") == true)
    let library = EngineCheck.change(
      from: engine("Haswell"), to: engine("Haswell", oneDNN: "2.6 with AVX512_CORE"))
    #expect(library?.contains("to keep the same bits, use --engine openblas") == true)
    // Checkpoints of programs without a choice name no engine.
    var old = engine("Haswell")
    old.engine = nil
    #expect(EngineCheck.change(from: old, to: engine("Haswell")) == nil)
  }
}
