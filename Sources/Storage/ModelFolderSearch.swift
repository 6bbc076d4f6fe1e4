import Dist
import Files
import Preflight
import Model
import Tokenization

// The search for a model, which all commands that read a model use.
extension ModelFolder {
  /// The model folder that `path` names: `path` itself; for a run directory, its best model if it has one, otherwise its newest good
  /// checkpoint. The files are checked against their hashes if it has any.
  ///
  /// - Parameter report: called with a sentence about a choice, or about a checkpoint that is skipped
  public static func find(_ path: String, report: (String) -> Void) throws -> String {
    let path = Path.trimmed(path)
    guard Path.exists(path) else {
      throw InputError("there is no such folder; give \(expected)", path: path)
    }
    guard Path.isFolder(path) else {
      throw InputError("is not a folder; give \(expected)", path: path)
    }
    if Path.exists("\(path)/\(configName)") {
      try verify(path)
      return path
    }
    let best = "\(path)/best"
    if Path.exists("\(best)/\(configName)") {
      try verify(best)
      report("\(path) is a run directory: using its best model, \(best)")
      return best
    }
    for folder in ["\(path)/checkpoints", path] {
      if let newest = try CheckpointStore(folder).newestGood(report: report) {
        report("\(path) is a run directory: using its newest checkpoint, \(newest.folder)")
        return newest.folder
      }
    }
    let seeds = try FolderCommit.contents(of: path).filter { $0.hasPrefix("seed-") }.sorted()
    guard seeds.isEmpty else {
      throw InputError(
        "holds the runs of several seeds (\(seeds.joined(separator: ", "))): give one of them",
        path: path)
    }
    throw InputError("holds no model: give \(expected)", path: path)
  }

  /// As `find(_:report:)`, with the result of rank 0 on all ranks. Collective.
  package static func find(_ path: String, _ communicator: Communicator) throws -> String {
    var found: [UInt8] = []
    try communicator.onRoot {
      found = Array(try find(path) { StandardError.write($0 + "\n") }.utf8)
    }
    return String(decoding: try communicator.broadcast(found), as: UTF8.self)
  }

  private static let expected =
    "a folder with config.json, model.safetensors and a tokenizer (a checkpoint of a run, its best model, or "
    + "a model of Hugging Face's openai-gpt), or a run directory"

  /// Throws an InputError if a file of `folder` does not match its hash. Files that only training reads are not checked, and may be
  /// missing.
  private static func verify(_ folder: String) throws(InputError) {
    // Before the sizes: a git-lfs pointer is not a truncated file.
    let weights = "\(folder)/\(weightsName)"
    if let reason = ContentKind.mistaken(at: weights, for: SafetensorsFile.what) {
      throw InputError(reason, path: weights)
    }
    try SumsFile.requireWhole(folder) {
      $0 != CheckpointStore.trainerName && $0 != CheckpointStore.optimizerName
    }
  }

  /// Opens the model and the tokenizer that `path` names, for use as a language model.
  ///
  /// - Parameters:
  ///   - check: refuses a shape before memory is allocated: see `MemoryCheck`
  ///   - report: called with a sentence about a choice, or about a fine-tuned model
  public static func open(
    _ path: String, check: MemoryCheck, report: (String) -> Void
  ) throws -> (state: ModelState, tokenizer: Tokenizer) {
    let folder = try find(path, report: report)
    try check.require(try config(folder))
    let found = try load(folder)
    try reportFineTuning(folder, found.state.config, report)
    return found
  }

  /// Opens the model that `path` names, for use with token ids.
  public static func openWithoutTokenizer(
    _ path: String, check: MemoryCheck, report: (String) -> Void
  ) throws -> ModelState {
    let folder = try find(path, report: report)
    try check.require(try config(folder))
    let state = try loadWithoutTokenizer(folder)
    try reportFineTuning(folder, state.config, report)
    return state
  }

  private static func reportFineTuning(
    _ folder: String, _ config: ModelConfig, _ report: (String) -> Void
  ) throws {
    guard config.scores > 0 else { return }
    let task = try HuggingFaceConfig(path: "\(folder)/\(configName)").fineTuning?.task
    report(
      "\(folder) is fine-tuned\(task.map { " on \($0)" } ?? ""): its language model is used, without the "
        + "linear layer and the special tokens of the task")
  }
}
