import Dist
import Files
import Preflight
import Model
import Tokenization

// Every command that takes a model finds it here.
extension ModelFolder {
  /// The model folder that `path` names: `path` itself; of a run directory its best model if it has one, and its newest good checkpoint
  /// otherwise. Its files are held against their hashes, where it has some.
  ///
  /// - Parameter report: called with a sentence about a choice, or about a checkpoint that is passed over
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
      report("\(path) is a run directory: taking its best model, \(best)")
      return best
    }
    for folder in ["\(path)/checkpoints", path] {
      if let newest = try CheckpointStore(folder).newestGood(report: report) {
        report("\(path) is a run directory: taking its newest checkpoint, \(newest.folder)")
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

  /// The same on all ranks: rank 0 looks. Collective.
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

  /// Throws where a file of `folder` is not as its hash says. What only training goes on from is not looked at, and may be missing.
  private static func verify(_ folder: String) throws(InputError) {
    // Whatever its size should be: a pointer of git-lfs is no truncated file.
    let weights = "\(folder)/\(weightsName)"
    if let reason = ContentKind.mistaken(at: weights, for: SafetensorsFile.what) {
      throw InputError(reason, path: weights)
    }
    try SumsFile.requireWhole(folder) {
      $0 != CheckpointStore.trainerName && $0 != CheckpointStore.optimizerName
    }
  }

  /// The model and the tokenizer that `path` names, to be asked as a language model.
  ///
  /// - Parameters:
  ///   - check: refuses a shape before memory is taken: see `MemoryCheck`
  ///   - report: called with a sentence about a choice, or about a model that is more than a language model
  public static func open(
    _ path: String, check: MemoryCheck, report: (String) -> Void
  ) throws -> (state: ModelState, tokenizer: Tokenizer) {
    let folder = try find(path, report: report)
    try check.require(try config(folder))
    let found = try load(folder)
    try reportFineTuning(folder, found.state.config, report)
    return found
  }

  /// The model that `path` names, to be asked about token ids.
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
