import Console
import Dist
import Files
import Model
import Tokenization
import Training

/// The outcome of recomputing steps of a run.
public struct ReplayOutcome: Sendable, Encodable {
  /// The run directory.
  public let run: String
  /// The requested step.
  public let step: Int
  /// Ranks, and threads per rank, of the replay.
  public let ranks, threads: Int
  /// The numbers of ranks that computed these steps in the run, if it recorded them.
  public private(set) var runRanks: [Int] = []
  /// The strategy by which gradients are combined.
  public let reduce: ReductionStrategy
  /// The checkpoint that the replay began with; nil for the initial weights.
  public private(set) var checkpoint: String?
  /// The steps that were computed whole and compared.
  public private(set) var steps: [Int] = []
  /// True if everything that was compared agrees with what the run recorded.
  public private(set) var agrees = true
  /// True if bits were compared; false if numbers may differ as sums in another order do.
  public private(set) var isExact = true
  /// A sentence for each difference from what the run recorded, in the order of computation.
  public private(set) var differences: [String] = []
  /// Loss and gradient norm of the last step.
  public private(set) var loss, gradientNorm: Double?
  /// XXH3-128 of the flat vector of weights after the last step.
  public private(set) var weightsHash: String?
  /// The checkpoint of the step, which was compared too; nil if there is none.
  public private(set) var comparedCheckpoint: String?
  /// The largest relative deviation of a loss from the run's.
  public private(set) var lossDeviationMax = 0.0
  /// The largest deviation of a weight from `comparedCheckpoint`; nil without one.
  public private(set) var weightDeviationMax: Double?
  /// The fingerprint of this machine's matrix products: equal fingerprints mean equal bits.
  public let productFingerprint: String
  /// The fingerprint of the run's matrix products; nil if it recorded none.
  public let runProductFingerprint: String?
  /// The requested micro-batch; nil if whole steps were requested.
  public internal(set) var microBatch: MicroBatch?

  /// A micro-batch stays `leaf` in JSON, as in the first programs.
  private enum CodingKeys: String, CodingKey {
    case run, step, ranks, threads, runRanks, reduce, checkpoint, steps, agrees, isExact
    case differences, loss, gradientNorm, weightsHash, comparedCheckpoint, lossDeviationMax
    case weightDeviationMax, productFingerprint, runProductFingerprint
    case microBatch = "leaf"
  }

  /// One micro-batch of a step, computed alone.
  public struct MicroBatch: Sendable, Encodable {
    /// Its place in the step, from 0.
    public let microBatch: Int
    /// Numbers of its sequences or examples in the training split.
    public let windows: [Int]
    /// Mean over its targets, in nats.
    public let loss: Double
    /// XXH3-128 of the weights that it was computed with, and of its gradient.
    public let weightsHash, gradientHash: String
    /// The gradient tensor by tensor.
    public let tensors: [TensorHash]

    private enum CodingKeys: String, CodingKey {
      case microBatch = "leaf"
      case windows, loss, weightsHash, gradientHash, tensors
    }
  }

  /// The gradient of one tensor.
  public struct TensorHash: Sendable, Encodable {
    /// The tensor's name, as in Hugging Face's `openai-gpt`.
    public let name: String
    /// XXH3-128
    public let gradientHash: String
  }

  /// The outcome before anything is computed. Used only on rank 0, like everything below.
  init(_ request: Replay.Request, _ session: TrainingSession, _ record: RunRecord) {
    run = record.folder
    step = request.step
    ranks = session.communicator.size
    threads = session.threads
    reduce = session.config.reduce
    productFingerprint = session.productFingerprint
    runProductFingerprint =
      record.checkpoints.lazy.compactMap {
        (try? TrainerState.read($0.folder))?.productFingerprint
      }.first
  }

  /// Records that the replay begins with the weights after `start` steps.
  mutating func began(at start: Int, _ session: TrainingSession, _ record: RunRecord) {
    guard start > 0 else { return }
    checkpoint = record.checkpoints.first { $0.step == start }?.folder
    let hash = session.state.weights.withBytes { XXH128.hash($0) }
    weightsHash = hash
    if let recorded = record.metrics[start]?.weightsHash, recorded != hash {
      add([
        "step \(start): the weights of \(checkpoint ?? "the checkpoint") have the hash \(hash), but the "
          + "run had \(recorded)"
      ])
    }
  }

  /// Compares a recomputed step with what the run recorded.
  mutating func computed(_ done: StepOutcome.Record, _ record: RunRecord) {
    guard case .applied(let metrics) = done else { return }
    (loss, gradientNorm) = (metrics.loss, metrics.gradientNorm)
    weightsHash = metrics.weightsHash
    guard let recorded = record.metrics[metrics.step] else {
      return add(["step \(metrics.step): \(record.folder)/metrics.jsonl has no line for it"])
    }
    let comparison = StepComparison(
      recorded: recorded, recomputed: metrics, by: reduce)
    steps.append(metrics.step)
    if let ranks = recorded.ranks, !runRanks.contains(ranks) { runRanks.append(ranks) }
    isExact = isExact && comparison.isExact
    lossDeviationMax = max(lossDeviationMax, comparison.lossDeviation)
    add(comparison.differences)
  }

  /// Compares the final state with the checkpoint of the last step, if there is one.
  mutating func finished(_ session: TrainingSession, _ record: RunRecord) {
    weightsHash = session.state.weights.withBytes { XXH128.hash($0) }
    guard let saved = record.checkpoints.first(where: { $0.step == step }) else { return }
    comparedCheckpoint = saved.folder
    let comparison = CheckpointComparison(
      saved.folder, session.state, optimizer: session.snapshot?.optimizerTensors ?? [])
    weightDeviationMax = comparison.largestDeviation
    // Sums in another order change bits in all weights; then only the files are checked.
    add(isExact ? comparison.floats + comparison.files : comparison.files)
  }

  private mutating func add(_ sentences: [String]) {
    differences += sentences
    agrees = differences.isEmpty
  }
}

extension ReplayOutcome: CustomStringConvertible {
  /// A summary in a few lines.
  public var description: String {
    let team = "\(counted(ranks, "rank")) of \(counted(threads, "thread"))"
    let start = checkpoint ?? "the initial weights"
    var lines = [
      steps.isEmpty
        ? "\(run): from \(start), \(team)"
        : "\(run): \(counted(steps.count, "step")) up to \(steps[steps.count - 1]) from \(start), "
          + team
    ]
    if !differences.isEmpty {
      lines += ["DIFFERENT from what the run recorded:"] + differences.prefix(8)
      if differences.count > 8 { lines.append("and \(differences.count - 8) more differences") }
      lines += products.map { [$0] } ?? []
    } else if isExact, !steps.isEmpty || comparedCheckpoint != nil {
      lines.append("the same bits: \(compared)")
    } else if !steps.isEmpty {
      lines.append(
        "equal except for the order of sums: losses differ by up to \(scientific(lossDeviationMax)) of their value"
          + (weightDeviationMax.map {
            ", weights by up to \(scientific($0))"
          } ?? "") + ". " + remedy)
    }
    if let loss, let gradientNorm {
      lines.append(
        "loss \(loss)  gradient norm \(gradientNorm)"
          + (weightsHash.map { "  weights \($0)" } ?? ""))
    }
    if let microBatch {
      lines += [
        "micro-batch \(microBatch.microBatch) of step \(step): sequences "
          + microBatch.windows.map(String.init).joined(separator: ", "),
        "loss \(microBatch.loss)  gradient \(microBatch.gradientHash)  weights before \(microBatch.weightsHash)",
      ]
    }
    return lines.joined(separator: "\n")
  }

  private var compared: String {
    let quantities =
      reduce.isRankInvariant ? "loss, gradient norm and weights of" : "loss and gradient norm of"
    let parts = [
      steps.isEmpty ? nil : "\(quantities) \(counted(steps.count, "step"))",
      comparedCheckpoint.map { "weights and optimizer of \($0)" },
    ]
    return parts.compactMap { $0 }.joined(separator: "; ")
  }

  /// A hint on how to compare bits.
  private var remedy: String {
    runRanks.count == 1
      ? "The run had \(counted(runRanks[0], "rank")): start the same number to compare bits"
      : "The run did not record how many ranks computed each step"
  }

  /// A sentence if this machine cannot reproduce the run's bits; nil otherwise.
  private var products: String? {
    guard let theirs = runProductFingerprint, theirs != productFingerprint else { return nil }
    return
      "the matrix products of this machine and of the run differ in their bits (\(productFingerprint) and "
      + "\(theirs)): the CPU or OpenBLAS is different, so the run's bits cannot be reproduced here; try setting "
      + "OPENBLAS_CORETYPE to the run's kernels"
  }
}
