import Foundation
import Testing

/// The architecture: which module may import which. To change it, change it here, in Package.swift and in ARCHITECTURE.md.
private let table: [(module: String, imports: Set<String>)] = [
  ("CStart", []),
  ("Buffers", []),
  ("Files", ["CXXHash"]),
  ("Kernels", ["Buffers", "COneDNN", "COpenBLAS"]),
  ("Model", ["Buffers", "Kernels"]),
  ("Data", ["Files", "Model", "Yams"]),
  ("Dist", ["Buffers", "CMPI", "Files"]),
  ("Training", ["Buffers", "Data", "Dist", "Files", "Kernels", "Model", "Yams"]),
  ("Launcher", ["ArgumentParser", "CStart", "Data", "Dist", "Files", "Model", "Training"]),
]

private let system: Set = [
  "Foundation", "FoundationEssentials", "FoundationXML", "Glibc", "Darwin", "Dispatch",
  "Synchronization",
]

/// These know no file, no clock and no locale.
private let withoutFoundation: Set = ["Buffers", "Kernels", "Model"]

/// What `module` may import beside itself.
private func allowed(_ module: String) -> Set<String> {
  let foundation: Set = ["Foundation", "FoundationEssentials", "FoundationXML"]
  let own = table.first { $0.module == module }?.imports ?? []
  return own.union(withoutFoundation.contains(module) ? system.subtracting(foundation) : system)
}

/// The imports of a file that its module is not allowed.
private func forbiddenImports(in file: SourceFile) -> [Finding] {
  let anImport =
    /^\s*(?:[@\w()]+\s+)*import\s+(?:(?:struct|class|enum|protocol|func|let|var|typealias)\s+)?(\w+)/
  return zip(1..., SwiftText(file.text).code).compactMap { line, code in
    guard let name = code.firstMatch(of: anImport).map({ String($0.1) }),
      !allowed(file.module).contains(name)
    else { return nil }
    return Finding(path: file.path, line: line, reason: "\(file.module) may not import \(name)")
  }
}

/// The targets of a manifest with sources of ours, in their order, with what they depend on.
private func targets(inManifest text: String) -> [(module: String, imports: Set<String>)] {
  let blocks = text.split(separator: /\.(?:target|executableTarget|testTarget|systemLibrary)\(/)
  return blocks.dropFirst().compactMap { block in
    // The block before this one ends with the call's name, so a block is known by its own text.
    guard let name = block.firstMatch(of: /^\s*name:\s*"(\w+)"/)?.1,
      !name.hasSuffix("Tests"), !block.contains(/pkgConfig:|providers:|path:\s*"Tests\//)
    else { return nil }
    let list = block.firstMatch(of: /dependencies:\s*\[((?:[^\[\]])*)\]/)?.1 ?? ""
    let names = list.replacing(/package:\s*"[^"]*"/, with: "").matches(of: /"(\w+)"/)
    return (String(name), Set(names.map { String($0.1) }))
  }
}

@Suite struct ImportTests {
  @Test func modulesImportOnlyWhatTheTableAllows() throws {
    let files = try Repository.swiftFiles(below: "Sources")
    #expect(files.count > 5)
    for finding in files.flatMap(forbiddenImports) { Issue.record("\(finding)") }
  }

  @Test func aForbiddenImportIsFound() {
    func findings(_ module: String, _ text: String) -> [Int] {
      forbiddenImports(in: SourceFile(path: "Sources/\(module)/A.swift", text: text)).map(\.line)
    }
    #expect(findings("Model", "import Buffers\nimport Dist\n// import Data") == [2])
    #expect(findings("Kernels", "#if os(Linux)\n  import Foundation\n#endif") == [2])
    #expect(findings("Dist", "@preconcurrency public import struct Model.Batch") == [1])
    #expect(findings("Data", "import Foundation; let s = \"\nimport Dist\"") == [])
    #expect(findings("Unheard", "import Buffers") == [1])
  }

  @Test func theManifestDeclaresTheTable() throws {
    let declared = targets(inManifest: try Repository.file("Package.swift").text)
    #expect(declared.map(\.module).sorted() == table.map(\.module).sorted())
    for (module, imports) in table {
      let found = declared.first { $0.module == module }?.imports ?? []
      #expect(found == imports, "Package.swift: dependencies of \(module)")
    }
  }

  @Test func theManifestNamesModulesInTheOrderOfTheirImports() throws {
    var above: Set<String> = []
    for (module, imports) in targets(inManifest: try Repository.file("Package.swift").text) {
      let below = imports.intersection(table.map(\.module)).subtracting(above)
      #expect(below.isEmpty, "Package.swift: \(module) imports what stands below it: \(below)")
      above.insert(module)
    }
  }

  @Test func aManifestIsRead() {
    let read = targets(
      inManifest: """
        targets: [
          .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["x"])]),
          .target(name: "A", swiftSettings: s),
          .executableTarget(
            name: "B",
            dependencies: ["A", .product(name: "P", package: "Q")], swiftSettings: s),
          .target(name: "Support", path: "Tests/Support"),
          .testTarget(name: "BTests", dependencies: ["B"]),
        ]
        """)
    #expect(read.map(\.module) == ["A", "B"])
    #expect(read.map(\.imports) == [[], ["A", "P"]])
  }

  @Test func sourcesHoldTheTablesModulesAndSystemModulesOnly() throws {
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: Repository.url("Sources").path
    )
    .filter { !Repository.exists("Sources/\($0)/module.modulemap") }
    #expect(folders.sorted() == table.map(\.module).sorted())
  }
}
