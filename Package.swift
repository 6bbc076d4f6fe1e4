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
// what its dependencies name (Tests/TidyTests/ImportTests.swift).
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

    .plugin(name: "BuildFacts", capability: .buildTool()),
    .target(name: "CStart"),
    .target(name: "Buffers", swiftSettings: vectorised),
    .target(name: "Files", dependencies: ["Buffers", "CXXHash"], swiftSettings: safe),
    .target(name: "Console", swiftSettings: safe),
    .target(
      name: "Kernels", dependencies: ["Buffers", "COneDNN", "COpenBLAS"], swiftSettings: vectorised),
    .target(name: "Model", dependencies: ["Buffers", "Kernels"], swiftSettings: safe),
    .target(name: "Words", swiftSettings: safe),
    .target(name: "Tokenization", dependencies: ["Files", "Words"], swiftSettings: safe),
    .target(
      name: "Data",
      dependencies: [
        "Buffers", "Console", "Files", "Model", "Tokenization",
        .product(name: "Yams", package: "Yams"),
      ], swiftSettings: safe),
    .target(
      name: "Dist", dependencies: ["Buffers", "CMPI", "Console", "Files"], swiftSettings: safe),
    .target(
      name: "Preflight", dependencies: ["Buffers", "Console", "Dist", "Files", "Kernels", "Model"],
      swiftSettings: safe),
    .target(
      name: "Storage",
      dependencies: [
        "Buffers", "Console", "Data", "Dist", "Files", "Kernels", "Preflight", "Model",
        "Tokenization",
      ],
      swiftSettings: safe),
    .target(
      name: "Profiling", dependencies: ["Buffers", "Console", "Dist", "Files", "Kernels", "Model"],
      swiftSettings: safe),
    .target(
      name: "Inference",
      dependencies: [
        "Buffers", "Console", "Data", "Dist", "Files", "Kernels", "Model", "Preflight", "Storage",
        "Tokenization",
      ], swiftSettings: safe),
    .target(
      name: "Configuration",
      dependencies: [
        "Console", "Data", "Dist", "Files", "Kernels", "Model", "Tokenization",
        .product(name: "Yams", package: "Yams"),
      ], swiftSettings: safe),
    .target(
      name: "Training",
      dependencies: [
        "Buffers", "Configuration", "Console", "Data", "Dist", "Files", "Inference", "Kernels",
        "Model", "Preflight", "Profiling", "Storage", "Tokenization",
      ], swiftSettings: safe),
    .target(
      name: "Benchmarks",
      dependencies: [
        "Buffers", "Configuration", "Console", "Data", "Dist", "Files", "Inference", "Kernels",
        "Model", "Preflight", "Profiling", "Storage", "Tokenization", "Training",
      ], swiftSettings: safe),
    .target(
      name: "Diagnostics",
      dependencies: [
        "Benchmarks", "Buffers", "Configuration", "Console", "Data", "Dist", "Files", "Kernels",
        "Model", "Preflight", "Storage", "Tokenization", "Training",
      ], swiftSettings: safe),
    .executableTarget(
      name: "Launcher",
      dependencies: [
        "Benchmarks", "Configuration", "Console", "CStart", "Data", "Diagnostics", "Dist", "Files",
        "Inference",
        "Model", "Preflight", "Storage", "Tokenization", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: safe, plugins: ["BuildFacts"]),

    .target(name: "TestSupport", path: "Tests/TestSupport"),
    .executableTarget(
      name: "RankScenarios", dependencies: ["Buffers", "Dist"], path: "Tests/RankScenarios"),
    .executableTarget(name: "WriterProgram", dependencies: ["Files"], path: "Tests/WriterProgram"),
    .testTarget(name: "BuffersTests", dependencies: ["Buffers"]),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport", "WriterProgram"]),
    .testTarget(name: "ConsoleTests", dependencies: ["Console"]),
    .testTarget(name: "KernelsTests", dependencies: ["Buffers", "Kernels", "TestSupport"]),
    .testTarget(
      name: "ModelTests", dependencies: ["Buffers", "Kernels", "Model", "TestSupport"],
      resources: [.copy("Fixtures")]),
    .testTarget(name: "WordsTests", dependencies: ["Words"], resources: [.copy("Fixtures")]),
    .testTarget(
      name: "DataTests",
      dependencies: ["Console", "Data", "Files", "Model", "TestSupport", "Tokenization"],
      resources: [.copy("Fixtures")]),
    .testTarget(name: "DistTests", dependencies: ["Dist", "RankScenarios", "TestSupport"]),
    .testTarget(
      name: "PreflightTests", dependencies: ["Dist", "Kernels", "Preflight"]),
    .testTarget(
      name: "StorageTests",
      dependencies: ["Buffers", "Data", "Files", "Model", "Storage", "TestSupport"]),
    .testTarget(
      name: "InferenceTests", dependencies: ["Buffers", "Inference", "Kernels", "Model"]),
    .testTarget(
      name: "ConfigurationTests",
      dependencies: ["Configuration", "Files", "Model", "TestSupport"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Buffers", "Configuration", "Console", "Data", "Files", "Inference", "Kernels", "Model",
        "Storage",
        "TestSupport", "Tokenization", "Training",
      ],
      resources: [.copy("Fixtures")]),
    .testTarget(
      name: "BenchmarksTests", dependencies: ["Benchmarks", "Buffers", "Kernels", "Profiling"]),
    .testTarget(
      name: "DiagnosticsTests",
      dependencies: ["Diagnostics", "Dist", "Kernels", "TestSupport", "Training"]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "Configuration", "Files", "Kernels", "Launcher", "Preflight", "TestSupport", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .testTarget(name: "TidyTests", dependencies: ["Files", "TestSupport"]),
  ]
)
