import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// The commands of README and docs, as they stand and in their order, in one folder.
  @Suite(.serialized) struct TourTests {
    /// In the order of reading.
    private static let documents = [
      "README.md", "docs/TOUR.md", "docs/TASKS.md", "docs/PRECISION.md", "docs/RESULTS.md",
      "docs/CONFIG.md", "docs/QUICKSTART.md",
    ]

    /// Why a line is not run here; nil for one that is.
    private func obstacle(_ line: String) -> String? {
      if line.hasPrefix("cluster/study ") { return "it takes two hours" }
      if line.hasPrefix("cluster/slurm/testbed ") || line.hasPrefix("sbatch ") {
        return VirtualNodes.slurm.obstacle
      }
      return line.hasPrefix("cluster/testbed ") ? VirtualNodes.plain.obstacle : nil
    }

    @Test func everyCommandRunsAsItStands() throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        try TourFolder.fill(sandbox)
        let listed = try FileManager.default.contentsOfDirectory(atPath: "\(Repository.path)/docs")
          .filter { $0.hasSuffix(".md") }.map { "docs/\($0)" }
        #expect(Set(listed).isSubset(of: Self.documents), "a document that the tour does not know")
        let script = DocumentScript(
          try Self.documents.map { name in
            (name, try String(contentsOfFile: "\(Repository.path)/\(name)", encoding: .utf8))
          }, leaving: obstacle)
        #expect(script.blocks >= 5)
        try sandbox.write(script.text, to: "tour.sh")
        let outcome = try Command(
          ["bash", "tour.sh"], environment: TourFolder.environment(folder), folder: folder,
          limit: 300
        ).run()
        #expect(outcome.status == 0 && !outcome.timedOut, "\(outcome.errors)\n\(outcome.output)")
      }
    }

    @Test func aCommandThatFailsIsNamedWithItsDocumentAndLine() throws {
      let text = """
        Write `a.yaml`:

        ```yaml
        name: it's
        ```

        ```sh
        # a comment
        test "$(cat a.yaml)" = "name: it's"
        false
        true
        ```
        """
      try withTemporaryFolder { folder in
        let script = DocumentScript([("README.md", text)])
        let outcome = try Command(["bash", "-c", script.text], folder: folder).run()
        #expect(outcome.status == 1)
        #expect(outcome.errors == "README.md:8: failed: false\n")
      }
    }
  }
}
