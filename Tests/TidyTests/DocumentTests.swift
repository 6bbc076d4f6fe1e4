import Foundation
import TestSupport
import Testing

private let documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]

/// The documents at the root, and those in docs.
private func allDocuments() throws -> [String] {
  try documents + Repository.paths(below: "docs").filter { $0.hasSuffix(".md") }
}

/// Relative links, which start at the file's folder, and paths into the repository's folders, that lead nowhere.
private func deadPaths(in file: SourceFile, exists: (String) -> Bool) -> [Finding] {
  let link = /\]\(([^)\s]+)\)/
  let path = /(?:^|[\s`("=])((?:Sources|Tests|cluster|hostfiles|\.ci)\/[\w.\/-]*[\w\/])/
  return zip(1..., file.lines).flatMap { line, text in
    let targets = text.matches(of: link).map { String($0.1) }
      .filter { !$0.contains("://") && !$0.hasPrefix("#") && !$0.hasPrefix("mailto:") }
      .map { String($0.prefix { $0 != "#" }) }
      .map { file.path.hasPrefix("docs/") ? inFolder("docs", $0) : $0 }
    let named = text.matches(of: path).map { String($0.1) }
    return Set(targets + named).sorted().filter { !exists($0) }.map {
      Finding(path: file.path, line: line, reason: "\($0) does not exist")
    }
  }
}

/// A link of a file in `folder`, from the root of the repository.
private func inFolder(_ folder: String, _ link: String) -> String {
  link.hasPrefix("../") ? String(link.dropFirst(3)) : "\(folder)/\(link)"
}

@Suite struct DocumentTests {
  @Test func pathsInDocumentsExist() throws {
    let names = try allDocuments()
    #expect(names.count > documents.count)
    for file in try names.map(Repository.file) {
      for finding in deadPaths(in: file, exists: Repository.exists) { Issue.record("\(finding)") }
    }
  }

  @Test func aDeadPathIsFound() {
    let text = """
      See [here](there.md#place), [web](https://a.b/c) and [place](#place).
      Run `cluster/gone now` or Sources/Model/.
      [deep](cluster/gone)
      """
    let file = SourceFile(path: "README.md", text: text)
    #expect(deadPaths(in: file) { $0 == "Sources/Model/" }.map(\.line) == [1, 2, 3])
    #expect(deadPaths(in: file) { _ in true } == [])
    let inDocs = SourceFile(path: "docs/A.md", text: "[up](../README.md#x)\n[beside](B.md)")
    #expect(deadPaths(in: inDocs) { $0 == "README.md" }.map(\.line) == [2])
    #expect(deadPaths(in: inDocs) { $0 == "docs/B.md" }.map(\.line) == [1])
  }
}
