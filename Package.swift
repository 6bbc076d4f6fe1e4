// swift-tools-version: 6.2
import PackageDescription

/// Warnings for every unmarked use of unsafe memory; `unsafe` itself has an address (see Tests/TidyTests).
let safe: [SwiftSetting] = [.strictMemorySafety()]

#if arch(x86_64)
  /// SIMD with AVX2 and FMA for the modules that compute: Swift's default x86-64 code is SSE2 without FMA.
  /// Square roots that set no errno, or each lane would be a call.
  let vectorised = safe + [.unsafeFlags(["-Xcc", "-march=x86-64-v3", "-Xcc", "-fno-math-errno"])]
#else
  let vectorised = safe
#endif

// Modules in the order of their imports: a module sees only what stands above it, and of that only
// what Tests/TidyTests/ImportTests.swift lists.
let package = Package(
  name: "gpt1-dist",
  products: [.executable(name: "gpt1-dist", targets: ["Launcher"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev", "openmpi-bin"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(
      name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),

    .target(name: "CStart"),
    .target(name: "Buffers", swiftSettings: vectorised),
    .target(name: "Files", dependencies: ["CXXHash"], swiftSettings: safe),
    .target(
      name: "Kernels", dependencies: ["Buffers", "COneDNN", "COpenBLAS"], swiftSettings: vectorised),
    .target(name: "Model", dependencies: ["Buffers", "Kernels"], swiftSettings: safe),
    .target(
      name: "Data",
      dependencies: ["Files", "Model", .product(name: "Yams", package: "Yams")],
      swiftSettings: safe),
    .target(name: "Dist", dependencies: ["Buffers", "CMPI", "Files"], swiftSettings: safe),
    .target(
      name: "Training",
      dependencies: [
        "Buffers", "Data", "Dist", "Files", "Kernels", "Model",
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: safe),
    .executableTarget(
      name: "Launcher",
      dependencies: [
        "CStart", "Data", "Dist", "Files", "Model", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: safe),

    .testTarget(name: "BuffersTests", dependencies: ["Buffers"]),
    .testTarget(name: "KernelsTests", dependencies: ["Buffers", "Kernels"]),
    .testTarget(
      name: "ModelTests", dependencies: ["Buffers", "Kernels", "Model", "Training"],
      resources: [.copy("Fixtures")]),
    .testTarget(
      name: "DataTests", dependencies: ["Data", "Files", "Model", "TestSupport"], resources: [.copy("Fixtures")]),
    .executableTarget(
      name: "RankTests", dependencies: ["Buffers", "Dist"], path: "Tests/RankTests"),
    .executableTarget(name: "WriterTests", dependencies: ["Files"], path: "Tests/WriterTests"),
    .target(name: "TestSupport", path: "Tests/Support"),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport", "WriterTests"]),
    .testTarget(name: "DistTests", dependencies: ["Dist", "RankTests", "TestSupport"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Buffers", "Data", "Dist", "Files", "Kernels", "Model", "TestSupport", "Training",
      ],
      resources: [.copy("Fixtures")]),
    .testTarget(
      name: "LauncherTests",
      dependencies: [
        "Files", "Kernels", "Launcher", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .testTarget(name: "TidyTests"),
  ]
)
