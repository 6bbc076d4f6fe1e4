import Foundation
import Testing

private let documents = ["README.md", "ARCHITECTURE.md"]

/// Relative links, and paths into the repository's folders, that lead nowhere.
private func deadPaths(in file: SourceFile, exists: (String) -> Bool) -> [Finding] {
  let link = /\]\(([^)\s]+)\)/
  let path = /(?:^|[\s`("=])((?:Sources|Tests|cluster|hostfiles|\.ci)\/[\w.\/-]*[\w\/])/
  return zip(1..., file.lines).flatMap { line, text in
    let targets = text.matches(of: link).map { String($0.1) }
      .filter { !$0.contains("://") && !$0.hasPrefix("#") && !$0.hasPrefix("mailto:") }
      .map { String($0.prefix { $0 != "#" }) }
    let named = text.matches(of: path).map { String($0.1) }
    return Set(targets + named).sorted().filter { !exists($0) }.map {
      Finding(path: file.path, line: line, reason: "\($0) does not exist")
    }
  }
}

@Suite struct DocumentTests {
  @Test(arguments: documents) func pathsInDocumentsExist(_ name: String) throws {
    let file = try Repository.file(name)
    for finding in deadPaths(in: file, exists: Repository.exists) { Issue.record("\(finding)") }
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
  }
}
