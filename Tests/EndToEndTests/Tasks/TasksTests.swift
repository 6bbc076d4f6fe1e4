import Foundation
import TestSupport
import Testing

extension SmallRuns {
  @Suite(.serialized) struct TasksTests {
    private func withSandbox(_ files: [String: String], _ body: (Sandbox) throws -> Void) throws {
      try withFiles(files) { try body(Sandbox(folder: $0)) }
    }

    private struct Listing: Decodable {
      struct Entry: Decodable {
        let name: String
        let transformation: String
        let metrics: [String]
        let files: [[String]]
        let source: String
      }

      let tasks: [Entry]
    }

    private struct Reading: Decodable {
      struct Split: Decodable, Equatable {
        let examples: Int
        let leftOut: Int
        let labelled: Int
        let isHeldOut: Bool
        let files: [String]
      }

      struct Example: Decodable {
        let id: String
        let texts: [String]
        let label: String?
      }

      let name: String
      let splits: [String: Split]
      let example: Example
    }

    @Test func allTasksAreListedWithTheirFiles() throws {
      try withSandbox([:]) { sandbox in
        let text = try sandbox.succeed("tasks").output
        let listing = try sandbox.json(Listing.self, "tasks")
        #expect(listing.tasks.count == 14)
        for task in listing.tasks {
          #expect(text.contains("\n\(task.name)  ") || text.hasPrefix("\(task.name)  "))
          #expect(text.contains(task.source))
          for files in task.files { #expect(text.contains(files.joined(separator: ", "))) }
        }
        let cola = try #require(listing.tasks.first)
        #expect(
          [cola.name, cola.transformation] + cola.metrics == [
            "cola", "classification", "matthews", "accuracy",
          ])
        #expect(
          cola.files[1] == ["in_domain_train.tsv", "in_domain_dev.tsv", "out_of_domain_dev.tsv"])
        let one = try sandbox.succeed("tasks STS-B").output
        #expect(one.hasPrefix("stsb  similarity       pearson, spearman   How much alike"))
        #expect(!one.contains("cola"))
      }
    }

    @Test func filesAreReadAndCounted() throws {
      let files = [
        "train.tsv": "sentence\tlabel\nfine\t1\nbad\t0\n",
        "test.tsv": "index\tsentence\n0\tso so\n",
      ]
      try withSandbox(files) { sandbox in
        let text = try sandbox.succeed("tasks sst2 --data .").output
        #expect(
          text == """
            train: 2 examples (./train.tsv)
            dev: no files
            test: 1 example (./test.tsv; 0 with a label)
            the first example, 0:
              text: fine
              label: 1

            """)
        let reading = try sandbox.json(Reading.self, "tasks sst2 --data .")
        #expect(
          reading.splits["test"]
            == Reading.Split(
              examples: 1, leftOut: 0, labelled: 0, isHeldOut: false, files: ["./test.tsv"]))
        #expect(reading.splits.keys.sorted() == ["test", "train"])
        #expect(reading.name + reading.example.id + reading.example.texts[0] == "sst20fine")
        #expect(reading.example.label == "1")
      }
    }

    @Test func mistakesAreOneSentenceAndAStatus() throws {
      let files = [
        "train.tsv": "sentence\tlabel\nfine\t1\nbad\n", "wrong.yaml": "name: x\nformt: csv\n",
      ]
      try withSandbox(files) { sandbox in
        try sandbox.expectRefusal("tasks sst2 --data .", "./train.tsv:3: there is only 1 column")
        try sandbox.expectRefusal("tasks rte --data gone", "gone: there is no such folder")
        try sandbox.expectRefusal("tasks copa --data .", "holds no files of copa", "ict.usc.edu")
        try sandbox.expectRefusal(
          "tasks colla", status: 2, "there is no task `colla`; did you mean `cola`?")
        try sandbox.expectRefusal(
          "tasks wrong.yaml --data .", status: 2,
          "wrong.yaml:2: unknown key `formt`; did you mean `format`?")
        try sandbox.expectRefusal("tasks --data .", status: 2, "--data needs a task's name")
      }
    }

    /// The file of the documentation does what the documentation says.
    @Test func theDocumentedTaskIsRead() throws {
      let page = try String(contentsOfFile: "\(Repository.path)/docs/TASKS.md", encoding: .utf8)
      func block(_ kind: String) throws -> String {
        let start = try #require(page.range(of: "```\(kind)\n")).upperBound
        let end = try #require(page.range(of: "```", range: start..<page.endIndex)).lowerBound
        return String(page[start..<end])
      }
      let yaml = try block("yaml")
      #expect(yaml.split(separator: "\n").count == 20)
      try withSandbox(["letters.csv": block("csv"), "letters.yaml": yaml]) { sandbox in
        let output = try sandbox.succeed("tasks letters.yaml --data .").output
        #expect(try output == block("text"))
        let wrong = yaml.replacing("\nlabel:", with: "\nlable:")
        try sandbox.write(wrong, to: "letters.yaml")
        let complaint = "letters.yaml:15: unknown key `lable`; did you mean `label`?"
        #expect(page.contains(complaint))
        try sandbox.expectRefusal("tasks letters.yaml --data .", status: 2, complaint)
      }
    }

    /// A reader does not see a key, a task or a metric that the page leaves out.
    @Test func theDocumentationNamesEveryTask() throws {
      let page = try String(contentsOfFile: "\(Repository.path)/docs/TASKS.md", encoding: .utf8)
      try withSandbox([:]) { sandbox in
        for task in try sandbox.json(Listing.self, "tasks").tasks {
          let row = page.split(separator: "\n").first { $0.hasPrefix("| `\(task.name)` |") }
          #expect(
            row?.contains("| \(task.transformation) | \(task.metrics.joined(separator: ", ")) |")
              == true)
        }
      }
    }
  }
}
