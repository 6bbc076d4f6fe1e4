import Configuration
import Console
import Data
import Dist
import Files
import Kernels
import Model
import Preflight
import Storage
import Tokenization

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
  /// Threads of its team.
  package let threads: Int
  private let checkpoint: CheckpointSize

  /// The plan of rank 0 of `ranks` with teams of `threads`, made before any of it is taken; no rank takes more.
  ///
  /// - Parameters:
  ///   - tokensPerWindow: of what micro-batches are made of; nil for the context
  ///   - saves: whether checkpoints are written
  public init(
    _ config: RunConfig, model: ModelConfig, tokensPerWindow: Int? = nil, ranks: Int, threads: Int,
    saves: Bool = true
  ) {
    let use = config.decoderUse(tokensPerWindow: tokensPerWindow ?? model.context)
    let table = ParameterTable(model)
    parameters = table.count
    let layout = config.gradientLayout(table, use)
    let floats =
      parameters * 2
      + config.reduce.ownedCount(layout, ranks: ranks) * config.optimizer.stateNames.count
      + ModelState.roundedCount(table, config.precision)
      + config.reduce.floats(layout, ranks: ranks, wire: config.wire)
    stateBytes = floats * MemoryLayout<Float>.stride
    checkpoint = CheckpointSize(parameters: parameters, config.optimizer)
    snapshotBytes = saves ? checkpoint.bytes : 0
    programBytes = ResidentMemory.now ?? 0
    self.threads = threads
    activationBytes =
      Decoder.activationCount(model, use, threads: threads)
      * MemoryLayout<Float>.stride
  }

  /// Bytes in all, rank 0's.
  public var bytes: Int { need.bytes + snapshotBytes }

  /// What a rank takes, as the judge of memory is asked.
  package var need: MemoryNeed {
    var need = MemoryNeed()
    need.program = programBytes
    need.floats = stateBytes + activationBytes
    need.snapshot = snapshotBytes
    need.threads = threads
    return need
  }

  /// Refuses what this node and this process cannot hold, the threads included, before any of it is taken: the system would
  /// otherwise kill a rank without a word. Collective.
  ///
  /// - Parameters:
  ///   - more: bytes that a rank takes besides
  package func check(more: Int = 0, on communicator: Communicator) throws {
    var need = need
    need.floats += more
    try MemoryCheck.require(need, on: communicator)
  }

  /// The same of a run: its checkpoints are files that rank 0 must have room and leave to write, and its watchdog is a thread. Collective.
  public func check(_ config: RunConfig, on communicator: Communicator) throws {
    try MemoryCheck.require(need, on: communicator, besides: config.stallTimeout != nil ? 1 : 0)
    try communicator.together {
      guard communicator.isRoot, snapshotBytes > 0 else { return }
      try FreeSpace.require(
        snapshotBytes, files: CheckpointStore.files, largest: checkpoint.largestFile,
        for: "a checkpoint", at: config.out)
    }
  }

  /// A few lines for people.
  public var description: String {
    """
    parameters        \(grouped(parameters))
    weights, gradients, optimizer  \(gigabytes(stateBytes)) a rank
    activations       \(gigabytes(activationBytes)) a rank
    program           \(gigabytes(programBytes)) a rank
    workspaces of products  \(gigabytes(threads * ProductWorkspaces.bytesTouched)) a rank
    together          \(gigabytes(bytes - snapshotBytes)) a rank
    snapshot for checkpoints  \(gigabytes(snapshotBytes)) more on rank 0
    """
  }
}
