/// The engine of matrix products of one rank: its libraries, the kernels that they chose, and a fingerprint of the results.
///
/// Engines that differ compute products whose last bits differ, because they add in a different order.
public struct ProductEngine: Sendable, Codable, Equatable {
  /// OpenBLAS's version and the CPU type whose kernels it chose.
  public var openBLAS = "?"
  /// See `openBLAS`; `SkylakeX` say.
  public var kernels = "?"
  /// oneDNN's version and instructions; nil where oneDNN computes no product.
  public var oneDNN: String?
  /// `ProductFingerprint` of the team's threads: several where the bits depend on the thread.
  public var products: [String] = []

  /// An engine of which nothing is known.
  public init() {}

  /// The engine of this process.
  ///
  /// - Parameters:
  ///   - usesOneDNN: whether products are in bf16
  ///   - fingerprints: of the team
  public init(usesOneDNN: Bool, fingerprints: [UInt64]) {
    openBLAS = MathLibraries.openBLASVersion
    kernels = MathLibraries.openBLASKernels
    if usesOneDNN {
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
}

extension ProductEngine: CustomStringConvertible {
  /// `OpenBLAS 0.3.21 with kernels for Haswell (products 1f2e)`
  public var description: String {
    "OpenBLAS \(openBLAS) with kernels for \(kernels)" + (oneDNN.map { ", oneDNN \($0)" } ?? "")
      + " (products \(products.joined(separator: " ")))"
  }
}
