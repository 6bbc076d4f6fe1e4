import Foundation
import TestSupport
import Testing

/// The program as a user runs it: the real binary, real ranks, signals and files. One test after another, so that the ranks of one
/// do not wait for those of another.
@Suite(.serialized) enum EndToEnd {}

/// Refusals and small runs of mostly one process: one test after another as well, beside those of many ranks.
@Suite(.serialized) enum SmallRuns {}

/// A folder of a test's own with a small prepared corpus in `data`, and the program run in it.
struct Sandbox {
  let folder: String

  /// The least that trains: the debug preset on one thread.
  static let pretrain = "pretrain --preset debug --data data --threads 1"

  /// Long enough to be interrupted in the middle, with `pretrain`.
  static let long = "--steps 200 --batch 16 --checkpoint-every 10 --evaluate-every 50"

  /// A corpus, and its tokens in `data`.
  static let prepared = PreparedFolder { sandbox in
    try sandbox.write(Corpus.text(sentences: 500, seed: 1), to: "corpus.txt")
    try sandbox.succeed(
      "prepare --input corpus.txt --train-bpe 200 --out data --validation-fraction 0.1")
  }

  static func with(_ body: (Sandbox) throws -> Void) throws { try prepared.with(body) }

  /// Runs `gpt1-dist LINE` in the folder, under mpirun where `ranks` are given.
  ///
  /// - Parameters:
  ///   - launcher: stands in for mpirun
  ///   - meanwhile: called with the process (mpirun where there is one) while it runs
  func run(
    _ line: String, _ more: [String] = [], ranks: Int? = nil, launcher: String = "mpirun",
    meanwhile: ((_ process: pid_t) -> Void)? = nil
  ) throws -> Command.Outcome {
    let program = try [Products.executable("gpt1-dist")] + words(line) + more
    // Files that Open MPI puts there belong to one start alone.
    return try withTemporaryFolder { scratch in
      var command = ranks.map { Command.mpirun($0, program, scratch: scratch) } ?? Command(program)
      if ranks != nil { command.arguments[0] = launcher }
      command.folder = folder
      return try command.run { process, _ in meanwhile?(process) }
    }
  }

  /// Runs a shell script in the folder, in which `$0` is the program.
  func shell(_ script: String, under prefix: [String] = []) throws -> Command.Outcome {
    let program = try Products.executable("gpt1-dist")
    return try Command(prefix + ["sh", "-c", script, program], folder: folder).run()
  }

  /// Runs to the end, or the test ends here.
  @discardableResult
  func succeed(
    _ line: String, _ more: [String] = [], ranks: Int? = nil,
    at location: SourceLocation = #_sourceLocation
  ) throws -> Command.Outcome {
    let outcome = try run(line, more, ranks: ranks)
    try #require(outcome.status == 0, "\(line): \(outcome.errors)", sourceLocation: location)
    return outcome
  }

  /// Runs independent lines side by side, each to its end, or the test ends here.
  @discardableResult
  func succeedAll(
    _ lines: [String], ranks: Int? = nil, at location: SourceLocation = #_sourceLocation
  ) throws -> [Command.Outcome] {
    let outcomes = try sideBySide(lines, atOnce: Self.atOnce(ranks)) { try run($0, ranks: ranks) }
    for (line, outcome) in zip(lines, outcomes) {
      try #require(outcome.status == 0, "\(line): \(outcome.errors)", sourceLocation: location)
    }
    return outcomes
  }

  /// So many commands side by side; of many ranks fewer, since a rank that waits takes its CPU.
  private static func atOnce(_ ranks: Int?) -> Int { (ranks ?? 1) > 2 ? 2 : 3 }

  /// The one JSON object on standard output.
  func json<Value: Decodable>(
    _ type: Value.Type, _ line: String, _ more: [String] = [],
    at location: SourceLocation = #_sourceLocation
  ) throws -> Value {
    try succeed(line + " --json", more, at: location).json(type)
  }

  /// Expects `status` and one sentence of the program on standard error, with all `parts` in it, whatever the number of ranks.
  func expectRefusal(
    _ line: String, ranks: Int? = nil, status: Int32 = 1, _ parts: String...,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let refusal = Refusal(line, status: status, parts)
    refusal.expect(try run(line, ranks: ranks), at: location)
  }

  /// Expects it of all of them. They run side by side, so none may write what another reads.
  func expectRefusals(
    _ refusals: [Refusal], ranks: Int? = nil, at location: SourceLocation = #_sourceLocation
  ) throws {
    #expect(!refusals.isEmpty, sourceLocation: location)
    let outcomes = try sideBySide(refusals, atOnce: Self.atOnce(ranks)) {
      try run($0.line, ranks: ranks)
    }
    for (refusal, outcome) in zip(refusals, outcomes) { refusal.expect(outcome, at: location) }
  }
}

/// A line that is refused, and what is said of it.
struct Refusal: Sendable {
  let line: String
  let status: Int32
  let parts: [String]

  init(_ line: String, status: Int32 = 1, _ parts: [String]) {
    (self.line, self.status, self.parts) = (line, status, parts)
  }

  init(_ line: String, status: Int32 = 1, _ parts: String...) {
    self.init(line, status: status, parts)
  }

  fileprivate func expect(_ outcome: Command.Outcome, at location: SourceLocation) {
    #expect(outcome.status == status, "\(line): \(outcome.errors)", sourceLocation: location)
    #expect(!outcome.timedOut, "\(line)", sourceLocation: location)
    let sentences = outcome.sentences
    #expect(sentences.count == 1, "\(line): \(outcome.errors)", sourceLocation: location)
    for part in parts {
      #expect(
        sentences.first?.contains(part) == true, "\(line): \(sentences)", sourceLocation: location)
    }
    for noise in ["NSError", "Error Domain", "Fatal error"] {
      #expect(
        !outcome.errors.contains(noise), "\(line): \(outcome.errors)", sourceLocation: location)
    }
  }
}

// Files of the folder.
extension Sandbox {
  func path(_ name: String) -> String { "\(folder)/\(name)" }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  func read(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path(name)))
  }

  func text(_ name: String) throws -> String { String(decoding: try read(name), as: UTF8.self) }

  /// The value in a file of JSON.
  func json<Value: Decodable>(_ type: Value.Type, in name: String) throws -> Value {
    try TestSupport.json(type, from: text(name))
  }

  /// The values in a file with one of JSON a line.
  func jsonLines<Value: Decodable>(_ type: Value.Type, in name: String) throws -> [Value] {
    try TestSupport.jsonLines(type, from: text(name))
  }

  func write(_ text: String, to name: String) throws { try write(Data(text.utf8), to: name) }

  func write(_ data: Data, to name: String) throws {
    let file = URL(fileURLWithPath: path(name))
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: file)
  }

  func copy(_ name: String, to new: String) throws {
    try FileManager.default.copyItem(atPath: path(name), toPath: path(new))
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  /// The names in a folder, sorted.
  func names(in name: String) throws -> [String] { try TestSupport.names(in: path(name)) }

  /// Everything below a folder: contents and time of change by relative path.
  func snapshot(of name: String) throws -> [String: String] {
    var result: [String: String] = [:]
    for item in try FileManager.default.subpathsOfDirectory(atPath: path(name)) {
      let full = path("\(name)/\(item)")
      let attributes = try FileManager.default.attributesOfItem(atPath: full)
      let time = attributes[.modificationDate] as? Date
      let bytes = FileManager.default.contents(atPath: full)
      result[item] = "\(time?.timeIntervalSince1970 ?? 0) \(bytes?.hashValue ?? 0)"
    }
    return result
  }
}

// Files that a run leaves.
extension Sandbox {
  private struct Line: Decodable {
    let step: Int
    let loss: Double?
    let validationLoss: Double?
    let weightsHash: String?
  }

  private func metrics(of run: String) throws -> [Line] {
    try jsonLines(Line.self, in: "\(run)/metrics.jsonl")
  }

  /// The loss of steps 1, 2, 3, …: each exactly once and in order.
  func losses(of run: String, at location: SourceLocation = #_sourceLocation) throws -> [Double] {
    let lines = try metrics(of: run).filter { $0.loss != nil }
    #expect(lines.map(\.step) == Array(1...max(1, lines.count)), sourceLocation: location)
    return lines.compactMap(\.loss)
  }

  /// The hash of the weights after every step.
  func weightsHashes(of run: String) throws -> [String] {
    try metrics(of: run).compactMap(\.weightsHash)
  }

  /// Steps and values of the validation losses.
  func validationLosses(of run: String) throws -> [String] {
    try metrics(of: run).compactMap { line in line.validationLoss.map { "\(line.step) \($0)" } }
  }

  /// The steps of the checkpoints, oldest first; nothing else may lie there.
  func checkpoints(of run: String) throws -> [Int] {
    try names(in: "\(run)/checkpoints").map { name in
      try #require(Int(name.replacing("step-", with: "")), "a leftover: \(name)")
    }
  }

  func checkpoint(_ step: Int, of run: String) -> String {
    "\(run)/checkpoints/step-" + String(String(100_000_000 + step).dropFirst())
  }

  /// Waits until `run` has logged `step`, as long as `process` lives.
  func waitForStep(_ step: Int, of run: String, while process: pid_t) {
    wait(while: process) {
      let logged = (try? text("\(run)/metrics.jsonl")) ?? ""
      return logged.contains("\"step\":\(step),")
    }
  }

  /// Waits until `run` has a whole checkpoint, as long as `process` lives.
  func waitForCheckpoint(of run: String, while process: pid_t) {
    wait(while: process) {
      (try? names(in: "\(run)/checkpoints"))?.contains { $0.hasPrefix("step-") } == true
    }
  }

  private func wait(while process: pid_t, until happened: () -> Bool) {
    while !Command.ends(process, within: 0.001), !happened() { usleep(2_000) }
  }
}

extension Command.Outcome {
  /// The one JSON object on standard output.
  func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try TestSupport.json(type, from: output)
  }

  /// The lines on standard error that are the program's complaints.
  var sentences: [String] {
    errors.split(separator: "\n").map(String.init).filter {
      $0.hasPrefix("gpt1-dist: ") || $0.hasPrefix("Error: ")
    }
  }
}
