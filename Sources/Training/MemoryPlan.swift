import Dist
import Files
import Foundation
import Model

/// The memory of a rank, predicted from the configuration: everything large is taken before the first step.
public struct MemoryPlan: Sendable {
  /// Floats of the model.
  public let parameters: Int
  /// Bytes of weights, gradients and the optimizer's state.
  public let stateBytes: Int
  /// Bytes of activations, logits of a chunk and scratch.
  public let activationBytes: Int
  /// Bytes of rank 0's snapshot, which checkpoints are written from.
  public let snapshotBytes: Int
  /// Bytes of the program and its libraries: what this process has as the plan is made.
  public let programBytes: Int

  /// The plan of rank 0 of `ranks` with teams of `threads`, made before any of it is taken; no rank takes more.
  ///
  /// - Parameters:
  ///   - tokensPerWindow: of what leaves are made of; nil for the context
  ///   - saves: whether checkpoints are written
  public init(
    _ config: RunConfig, model: ModelConfig, tokensPerWindow: Int? = nil, ranks: Int, threads: Int,
    saves: Bool = true
  ) {
    let use = config.decoderUse(tokensPerWindow: tokensPerWindow ?? model.context)
    let table = ParameterTable(model)
    parameters = table.count
    let states = config.optimizer.stateNames.count
    let floats =
      parameters * 2
      + config.reduce.ownedCount(parameters, piece: ParameterTable.pieceCount, ranks: ranks)
      * states
      + ModelState.roundedCount(table, config.precision)
      + config.reduce.floats(config.gradientLayout(table, use), ranks: ranks, wire: config.wire)
    stateBytes = floats * MemoryLayout<Float>.stride
    snapshotBytes =
      saves ? Snapshot.count(parameters, states: states) * MemoryLayout<Float>.stride : 0
    programBytes = ResidentMemory.now ?? 0
    activationBytes =
      Decoder.activationCount(model, use, threads: threads)
      * MemoryLayout<Float>.stride
  }

  /// Bytes in all, rank 0's.
  public var bytes: Int { stateBytes + activationBytes + snapshotBytes + programBytes }

  /// Refuses what this node cannot hold: the system would otherwise kill a rank without a word.
  ///
  /// - Parameter more: bytes that a rank takes besides
  func check(more: Int = 0, on communicator: Communicator) throws {
    let snapshot = communicator.node.node == 0 ? snapshotBytes : 0
    let needed = bytes - snapshotBytes + more
    let ranks = communicator.node.ranksOnNode
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    guard needed <= (memory - snapshot) / ranks else {
      throw InputError(
        "a rank needs \(gigabytes(needed))"
          + (snapshot > 0 ? ", rank 0 \(gigabytes(snapshot)) more" : "")
          + ", but \(communicator.host) has \(gigabytes(memory)) for its "
          + "\(ranks) rank\(ranks == 1 ? "" : "s"): start fewer ranks on it, or choose a smaller model or "
          + "--micro-batch")
    }
  }

  /// A few lines for people.
  public var description: String {
    """
    parameters        \(grouped(parameters))
    weights, gradients, optimizer  \(gigabytes(stateBytes)) a rank
    activations       \(gigabytes(activationBytes)) a rank
    program           \(gigabytes(programBytes)) a rank
    together          \(gigabytes(bytes - snapshotBytes)) a rank
    snapshot for checkpoints  \(gigabytes(snapshotBytes)) more on rank 0
    """
  }
}
