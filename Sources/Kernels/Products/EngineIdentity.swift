/// The engine of matrix products of one rank: its library, the kernels that the library chose, and a fingerprint of the results.
///
/// Engines that differ compute products whose last bits differ, because they add in a different order.
public struct EngineIdentity: Sendable, Codable, Equatable {
  /// The library that computes the products; nil in checkpoints of programs that knew no choice.
  public var engine: ProductEngine?
  /// OpenBLAS's version and the CPU type whose kernels it chose.
  public var openBLAS = "?"
  /// See `openBLAS`; `SkylakeX` say.
  public var kernels = "?"
  /// oneDNN's version and instructions; nil where it computes no product.
  public var oneDNN: String?
  /// Fingerprints of the team's threads, see `ProductTrial`: several where the bits depend on the thread.
  public var products: [String] = []

  /// An engine of which nothing is known.
  public init() {}

  /// An engine of this process.
  ///
  /// - Parameter fingerprints: those of the team
  public init(_ engine: ProductEngine, fingerprints: [UInt64]) {
    self.engine = engine
    openBLAS = MathLibraries.openBLASVersion
    kernels = MathLibraries.openBLASKernels
    if engine == .onednn {
      oneDNN = "\(MathLibraries.oneDNNVersion) with \(MathLibraries.oneDNNInstructions)"
    }
    products = fingerprints.map { String($0, radix: 16) }
  }

  /// The core types of OpenBLAS. Each also runs on the CPUs of those after it.
  private static let ascending = [
    "Prescott", "Core2", "Nehalem", "Sandybridge", "Haswell", "Zen", "SkylakeX", "Cooperlake",
    "SapphireRapids",
  ]

  /// The core type that runs on the CPUs of all of `names`; nil if that is not known.
  public static func common(_ names: [String]) -> String? {
    let places = names.map { ascending.firstIndex(of: $0) }
    guard !places.contains(nil), let least = places.compactMap({ $0 }).min() else { return nil }
    return ascending[least]
  }

  /// The library, its version and its kernels: `oneDNN 2.6.3 with AVX512_CORE`, `OpenBLAS 0.3.21 with kernels for Haswell`.
  public var library: String {
    let oneDNN = oneDNN.map { "oneDNN \($0)" }
    if engine == .onednn, let oneDNN { return oneDNN }
    return "OpenBLAS \(openBLAS) with kernels for \(kernels)" + (oneDNN.map { ", \($0)" } ?? "")
  }
}

extension EngineIdentity: CustomStringConvertible {
  /// `OpenBLAS 0.3.21 with kernels for Haswell (products 1f2e)`
  public var description: String { "\(library) (products \(products.joined(separator: " ")))" }
}
