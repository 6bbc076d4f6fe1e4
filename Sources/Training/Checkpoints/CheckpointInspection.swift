import Buffers
import Data
import Files
import Kernels
import Model

/// What `verify` finds out about a checkpoint or a model folder.
public struct CheckpointInspection: Sendable, Codable {
  /// The folder.
  public let path: String
  /// Updates that the run had done; nil for a folder that no run wrote.
  public let step: Int?
  /// Floats of the model; nil where its files cannot be read.
  public let parameters: Int?
  /// One sentence for everything that is wrong.
  public let problems: [String]

  /// Whether nothing is wrong.
  public var isGood: Bool { problems.isEmpty }

  /// Of every checkpoint in `path`, oldest first, where that is a run directory or its folder of checkpoints; of the folder `path` itself
  /// otherwise.
  public static func all(in path: String) -> [CheckpointInspection] {
    let store = CheckpointStore(Path.isFolder("\(path)/checkpoints") ? "\(path)/checkpoints" : path)
    let found: [Checkpoint]
    do { found = try store.candidates() } catch {
      return [CheckpointInspection(path, problems: ["\(error)"])]
    }
    let isStore = store.folder != Path.trimmed(path) || Path.name(path) == "checkpoints"
    guard isStore || !found.isEmpty else { return [CheckpointInspection(path)] }
    guard !found.isEmpty else {
      return [CheckpointInspection(path, problems: ["\(path): holds no checkpoint"])]
    }
    return found.reversed().map { CheckpointInspection($0.folder) }
  }

  private init(_ path: String, problems: [String]) {
    (self.path, self.problems) = (path, problems)
    (step, parameters) = (nil, nil)
  }

  /// Checks sizes and hashes, names and shapes of all tensors, that every number is finite, and the tokenizer.
  public init(_ path: String) {
    self.path = path
    var problems: [String] = []
    func attempt<Value>(_ body: () throws -> Value) -> Value? {
      do { return try body() } catch {
        problems.append("\(error)")
        return nil
      }
    }
    guard Path.exists(path) else {
      self.problems = ["\(path): there is no such folder"]
      (step, parameters) = (nil, nil)
      return
    }
    let isCheckpoint =
      Path.exists("\(path)/\(SumsFile.name)") || Path.exists("\(path)/\(TrainerState.name)")
    if isCheckpoint { problems += SumsFile.verify(path).map(\.description) }
    step = isCheckpoint ? attempt { try TrainerState.read(path).step } : nil
    let state = attempt { try ModelFolder.state(path) }
    parameters = state?.table.count
    if let state {
      _ = attempt { try ModelFolder.tokenizer(path, of: state.config) }
      problems += Self.notFinite(state, "", in: "\(path)/\(ModelFolder.weightsName)")
    }
    if isCheckpoint, let config = state?.config {
      let optimizer = "\(path)/\(TrainerState.optimizerName)"
      let moments = ModelState(config, training: false)
      for name in OptimizerConfig.adam(AdamConfig()).stateNames {
        let wasRead: Void? = attempt {
          let file = try SafetensorsFile(optimizer)
          for tensor in moments.table.tensors(of: moments.weights, prefix: name + ".") {
            try file.read(tensor.name, into: tensor.values, expecting: tensor.shape)
          }
        }
        if wasRead != nil { problems += Self.notFinite(moments, name + ".", in: optimizer) }
      }
    }
    self.problems = problems
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
