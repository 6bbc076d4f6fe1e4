import Buffers
import Configuration
import Console
import Data
import Files
import Kernels
import Model
import Storage
import Tokenization

/// The result of `verify` for a folder that this program writes: a checkpoint, a model or a dataset.
public struct CheckpointInspection: Sendable, Codable {
  /// The folder.
  public let path: String
  /// Steps that the run had done; nil for a folder that is not a checkpoint.
  public private(set) var step: Int?
  /// Floats of the model; nil if its files cannot be read.
  public private(set) var parameters: Int?
  /// Tokens of a dataset; nil for a model.
  public private(set) var tokens: Int?
  /// A sentence for each problem.
  public private(set) var problems: [String] = []

  /// True if there are no problems.
  public var isGood: Bool { problems.isEmpty }

  /// One line, or a line for each problem.
  public var description: String {
    guard isGood else { return problems.joined(separator: "\n") }
    let what =
      tokens.map { "\(grouped($0)) \($0 == 1 ? "token" : "tokens")" }
      ?? "\(grouped(parameters ?? 0)) \(parameters == 1 ? "parameter" : "parameters")"
    return "\(path): good, \(what)" + (step.map { ", step \($0)" } ?? "")
  }

  /// Inspects `path`: a model, a checkpoint or a dataset; a run directory's checkpoints, oldest first, and its best model; or all runs
  /// in a folder of several seeds.
  public static func all(in path: String) -> [CheckpointInspection] {
    let path = Path.trimmed(path)
    guard Path.exists(path) else {
      return [CheckpointInspection(path, problem: "there is no such folder")]
    }
    guard Path.isFolder(path) else {
      return [CheckpointInspection(path, problem: "is not a folder")]
    }
    let isDataset = Path.exists("\(path)/\(DatasetInfo.fileName)")
    let parts: [String]
    do throws(InputError) {
      parts = isDataset || isModel(path) ? [] : try self.parts(of: path)
    } catch {
      return [CheckpointInspection(path, problem: error.reason)]
    }
    if !parts.isEmpty { return parts.flatMap(all) }
    if isDataset { return [CheckpointInspection(dataset: path)] }
    guard isModel(path) else {
      return [
        CheckpointInspection(
          path,
          problem:
            "holds nothing to verify; expected a run directory with checkpoints, a checkpoint, a model or a dataset"
        )
      ]
    }
    return [CheckpointInspection(path)]
  }

  private static func isModel(_ path: String) -> Bool {
    [ModelFolder.configName, SumsFile.name, TrainerState.name].contains {
      Path.exists("\(path)/\($0)")
    }
  }

  /// The folders below `path` to inspect.
  private static func parts(of path: String) throws(InputError) -> [String] {
    var checkpoints: [String] = []
    for folder in [path, "\(path)/checkpoints"] {
      checkpoints += try CheckpointStore(folder).candidates().reversed().map(\.folder)
    }
    let best = "\(path)/best"
    let seeds = try FolderCommit.contents(of: path).filter {
      $0.hasPrefix("seed-") && Path.isFolder("\(path)/\($0)")
    }.sorted().map { "\(path)/\($0)" }
    return checkpoints + (Path.isFolder(best) ? [best] : []) + seeds
  }

  private init(_ path: String, problem: String) {
    self.path = path
    problems = ["\(path): \(problem)"]
  }

  /// The value of `body`; if it throws, nil, and its error becomes one of the problems.
  private mutating func attempt<Value>(_ body: () throws -> Value) -> Value? {
    do { return try body() } catch {
      problems.append("\(error)")
      return nil
    }
  }

  /// Checks sizes and headers of all files, hashes of all ids, and the tokenizer.
  private init(dataset path: String) {
    self.path = path
    guard let dataset = attempt({ try TokenDataset(folder: path) }) else { return }
    _ = attempt { try dataset.verifyHashes() }
    tokens = dataset.info.train.tokens + dataset.info.validation.tokens
  }

  /// Checks sizes and hashes of files, names and shapes of all tensors, that every number is finite, and the tokenizer. A folder that no
  /// run wrote has no hashes; a model that is not a checkpoint has no trainer state.
  public init(_ path: String) {
    self.path = path
    let hasSums = Path.exists("\(path)/\(SumsFile.name)")
    let isCheckpoint =
      [TrainerState.name, TrainerState.optimizerName].contains { Path.exists("\(path)/\($0)") }
      || Path.name(path).hasPrefix("step-")
    if hasSums || isCheckpoint { problems += SumsFile.verify(path).map(\.description) }
    let trainer = isCheckpoint ? attempt { try TrainerState.read(path) } : nil
    step = trainer?.step
    guard let state = attempt({ try ModelFolder.state(path) }) else { return }
    parameters = state.table.count
    if let tokenizer = attempt({ try ModelFolder.tokenizer(path, of: state.config) }),
      state.config.scores > 0
    {
      _ = attempt {
        let (model, file) = try ModelFolder.description(path)
        if try ModelFolder.specials(path, model, file, tokenizer) == nil, file.fineTuning != nil {
          throw InputError(
            "the model has \(model.vocabularySize) rows, as many as the tokenizer has ids, and none for the special "
              + "tokens that config.json names",
            path: path)
        }
        _ = try file.outputNames(model.scores, path: "\(path)/\(ModelFolder.configName)")
      }
    }
    problems += Self.notFinite(state, "", in: "\(path)/\(ModelFolder.weightsName)")
    if isCheckpoint {
      checkOptimizer((trainer?.config ?? RunConfig()).optimizer, of: state.config)
    }
  }

  private mutating func checkOptimizer(_ optimizer: OptimizerConfig, of config: ModelConfig) {
    let path = "\(path)/\(TrainerState.optimizerName)"
    let values = ModelState(config, training: false)
    for name in optimizer.stateNames {
      let wasRead: Void? = attempt {
        let file = try SafetensorsFile(path)
        for tensor in values.table.tensors(of: values.weights, prefix: name + ".") {
          try file.read(tensor.name, into: tensor.values, expecting: tensor.shape)
        }
      }
      if wasRead != nil { problems += Self.notFinite(values, name + ".", in: path) }
    }
  }

  /// A sentence for every tensor of `state` that holds NaN or infinity.
  private static func notFinite(
    _ state: ModelState, _ prefix: String, in path: String
  ) -> [String] {
    state.table.parameters.filter { !Reduction.isFinite(state.weights[$0.range]) }.map {
      "\(path): tensor \(prefix)\($0.name) holds NaN or infinity"
    }
  }
}
