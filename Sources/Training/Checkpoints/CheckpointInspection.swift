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
    let model = attempt { try ModelFolder.load(path) }
    parameters = model?.state.table.count
    if let state = model?.state {
      let flat = FloatBuffer(state.table.count)
      let weights = state.table.tensors(of: state.weights)
      problems += CheckpointInspection.notFinite(weights, in: "\(path)/\(ModelFolder.weightsName)")
      let optimizer = "\(path)/\(TrainerState.optimizerName)"
      if isCheckpoint {
        for name in OptimizerConfig.adam(AdamConfig()).stateNames {
          let tensors = state.table.tensors(of: flat.vector, prefix: name + ".")
          let read: Void? = attempt {
            let file = try SafetensorsFile(optimizer)
            for tensor in tensors {
              try file.read(tensor.name, into: tensor.values, expecting: tensor.shape)
            }
          }
          if read != nil { problems += CheckpointInspection.notFinite(tensors, in: optimizer) }
        }
      }
    }
    self.problems = problems
  }

  private static func notFinite(_ tensors: [NamedTensor], in path: String) -> [String] {
    tensors.filter { !Reduction.isFinite($0.values) }.map {
      "\(path): tensor \($0.name) holds NaN or infinity"
    }
  }
}
