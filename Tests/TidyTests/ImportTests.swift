import Foundation
import TestSupport
import Testing

/// Imports between modules: Package.swift declares them, ARCHITECTURE.md explains them, and the sources keep to them.
private typealias Table = [(module: String, imports: Set<String>)]

private let system: Set = [
  "Foundation", "FoundationEssentials", "FoundationXML", "Glibc", "Darwin", "Dispatch",
  "Synchronization",
]

/// These know no file, no clock and no locale.
private let withoutFoundation: Set = ["Buffers", "Kernels", "Model"]

/// Modules that `module` may import.
private func allowed(_ module: String, by table: Table) -> Set<String> {
  let foundation: Set = ["Foundation", "FoundationEssentials", "FoundationXML"]
  let own = table.first { $0.module == module }?.imports ?? []
  return own.union(withoutFoundation.contains(module) ? system.subtracting(foundation) : system)
}

/// Imports of a file, with their lines.
private func imports(of file: SourceFile) -> [(line: Int, name: String)] {
  let anImport =
    /^\s*(?:[@\w()]+\s+)*import\s+(?:(?:struct|class|enum|protocol|func|let|var|typealias)\s+)?(\w+)/
  return zip(1..., SwiftText(file.text).code).compactMap { line, code in
    code.firstMatch(of: anImport).map { (line, String($0.1)) }
  }
}

/// The imports of a file that its module is not allowed.
private func forbiddenImports(in file: SourceFile, by table: Table) -> [Finding] {
  let allowed = allowed(file.module, by: table)
  return imports(of: file).filter { !allowed.contains($0.name) }.map {
    Finding(path: file.path, line: $0.line, reason: "\(file.module) may not import \($0.name)")
  }
}

/// The imports of a file of unit tests that are neither of its module nor allowed to it.
private func forbiddenImports(inTest file: SourceFile, by table: Table) -> [Finding] {
  let module = String(file.module.dropLast("Tests".count))
  guard let own = table.first(where: { $0.module == module })?.imports else { return [] }
  let modules = Set(table.map(\.module)).subtracting(own).subtracting([module])
  return imports(of: file).filter { modules.contains($0.name) }.map {
    Finding(
      path: file.path, line: $0.line,
      reason: "tests of \(module) import \($0.name), which \(module) may not")
  }
}

/// The table of a document: the rows below a head with `module`, `may import` and perhaps `libraries`, remarks in brackets left out.
private func explanation(in text: String) -> Table {
  func cells(_ line: Substring) -> [String] {
    line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  guard
    let head = lines.firstIndex(where: {
      cells($0).first == "module" && cells($0).contains("may import")
    })
  else { return [] }
  let columns = cells(lines[head]).indices.filter {
    ["may import", "libraries"].contains(cells(lines[head])[$0])
  }
  return lines[(head + 2)...].prefix { $0.hasPrefix("|") }.flatMap { line -> Table in
    let row = cells(line)
    let names = columns.filter(row.indices.contains).flatMap {
      row[$0].replacing(/\([^)]*\)/, with: "").split(separator: /[,\s`]+/)
    }
    // Modules with the same imports may share a row.
    return row[0].split(separator: /[,\s`]+/).map {
      (module: String($0), imports: Set(names.map(String.init)))
    }
  }
}

/// The targets of a manifest with sources of ours, in their order, with what they depend on.
private func targets(inManifest text: String) -> Table {
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
  private func table() throws -> Table {
    targets(inManifest: try Repository.file("Package.swift").text)
  }

  @Test func modulesImportOnlyWhatTheManifestAllows() throws {
    let table = try table()
    let files = try Repository.swiftFiles(below: "Sources")
    #expect(files.count > 5)
    for finding in files.flatMap({ forbiddenImports(in: $0, by: table) }) {
      Issue.record("\(finding)")
    }
  }

  /// Tests of a module know no more than the module.
  @Test func testsImportOnlyWhatTheirModuleMay() throws {
    let table = try table()
    let files = try Repository.swiftFiles(below: "Tests")
    #expect(files.contains { $0.module == "ModelTests" })
    for finding in files.flatMap({ forbiddenImports(inTest: $0, by: table) }) {
      Issue.record("\(finding)")
    }
  }

  @Test func aForbiddenImportIsFound() {
    let table: Table = [
      ("Buffers", []), ("Kernels", ["Buffers"]), ("Model", ["Buffers", "Kernels"]), ("Dist", []),
      ("Data", ["Model"]),
    ]
    func findings(_ module: String, _ text: String) -> [Int] {
      let file = SourceFile(path: "Sources/\(module)/A.swift", text: text)
      return forbiddenImports(in: file, by: table).map(\.line)
    }
    #expect(findings("Model", "import Buffers\nimport Dist\n// import Data") == [2])
    #expect(findings("Kernels", "#if os(Linux)\n  import Foundation\n#endif") == [2])
    #expect(findings("Dist", "@preconcurrency public import struct Model.Batch") == [1])
    #expect(findings("Data", "import Foundation; let s = \"\nimport Dist\"") == [])
    #expect(findings("Unheard", "import Buffers") == [1])
    let test = SourceFile(
      path: "Tests/ModelTests/A.swift", text: "import Kernels\nimport Model\nimport Data\nimport X")
    #expect(forbiddenImports(inTest: test, by: table).map(\.line) == [3])
  }

  @Test func theArchitectureExplainsTheManifest() throws {
    let (declared, explained) = (
      try table(), explanation(in: try Repository.file("ARCHITECTURE.md").text)
    )
    #expect(declared.map(\.module).sorted() == explained.map(\.module).sorted())
    for (module, imports) in declared {
      let found = explained.first { $0.module == module }?.imports
      #expect(found == imports, "ARCHITECTURE.md: what \(module) may import")
    }
  }

  @Test func aTableOfADocumentIsRead() {
    let read = explanation(
      in: """
        | other | table |
        |---|---|
        | x | y |

        | module | is about | may import |
        |---|---|---|
        | A, B | a | |
        | `C` | c (of a, b) | A (for a, not b), B |
        text
        """)
    #expect(read.map(\.module) == ["A", "B", "C"])
    #expect(read.map(\.imports) == [[], [], ["A", "B"]])
  }

  @Test func theManifestNamesModulesInTheOrderOfTheirImports() throws {
    let table = try table()
    var above: Set<String> = []
    for (module, imports) in table {
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
          .target(name: "TestSupport", path: "Tests/TestSupport"),
          .testTarget(name: "BTests", dependencies: ["B"]),
        ]
        """)
    #expect(read.map(\.module) == ["A", "B"])
    #expect(read.map(\.imports) == [[], ["A", "P"]])
  }

  @Test func sourcesHoldTheManifestsModulesAndSystemModulesOnly() throws {
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: Repository.url("Sources").path
    )
    .filter { !Repository.exists("Sources/\($0)/module.modulemap") }
    #expect(folders.sorted() == (try table()).map(\.module).sorted())
  }
}
