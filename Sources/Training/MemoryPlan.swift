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

/// The memory that a rank will take, predicted from the configuration. Everything large is taken before the first step.
public struct MemoryPlan: Sendable {
  /// Floats of the model.
  public let parameters: Int
  /// Bytes of weights, gradients and the optimizer's state.
  public let stateBytes: Int
  /// Bytes of activations, logits of a chunk and scratch.
  public let activationBytes: Int
  /// Bytes of rank 0's snapshot, from which checkpoints are written.
  public let snapshotBytes: Int
  /// Bytes of the program and its libraries: this process's resident memory when the plan is made.
  public let programBytes: Int
  /// Threads per rank.
  package let threads: Int
  private let checkpoint: CheckpointSize

  /// The plan for rank 0 of `ranks` ranks with `threads` threads each, made before any of the memory is taken; no rank takes more.
  ///
  /// - Parameters:
  ///   - tokensPerWindow: the most tokens of a sequence or example; nil for the context
  ///   - saves: true if checkpoints are written
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

  /// All bytes of rank 0.
  public var bytes: Int { need.bytes + snapshotBytes }

  /// The memory need of a rank, as `MemoryJudge` takes it.
  package var need: MemoryNeed {
    var need = MemoryNeed()
    need.program = programBytes
    need.floats = stateBytes + activationBytes
    need.snapshot = snapshotBytes
    need.threads = threads
    return need
  }

  /// Throws if this node or this process cannot provide the memory and threads, before any are taken: the system would otherwise kill
  /// a rank without a message. Collective.
  ///
  /// - Parameters:
  ///   - more: further bytes that a rank takes
  package func check(more: Int = 0, on communicator: Communicator) throws {
    var need = need
    need.floats += more
    try MemoryCheck.require(need, on: communicator)
  }

  /// Checks the same for a run, with the thread of its watchdog. Also throws if rank 0 lacks the disk space or the permission to write
  /// checkpoints. Collective.
  public func check(_ config: RunConfig, on communicator: Communicator) throws {
    try MemoryCheck.require(need, on: communicator, besides: config.stallTimeout != nil ? 1 : 0)
    try communicator.together {
      guard communicator.isRoot, snapshotBytes > 0 else { return }
      try FreeSpace.require(
        snapshotBytes, files: CheckpointStore.files, largest: checkpoint.largestFile,
        for: "a checkpoint", at: config.out)
    }
  }

  /// A description in a few lines.
  public var description: String {
    """
    parameters        \(grouped(parameters))
    weights, gradients, optimizer  \(gigabytes(stateBytes)) per rank
    activations       \(gigabytes(activationBytes)) per rank
    program           \(gigabytes(programBytes)) per rank
    workspaces of products  \(gigabytes(threads * ProductWorkspaces.bytesTouched)) per rank
    together          \(gigabytes(bytes - snapshotBytes)) per rank
    snapshot for checkpoints  \(gigabytes(snapshotBytes)) more on rank 0
    """
  }
}
