import Console
import Dist
import Files
import Model
import Tokenization
import Training

/// What came of computing steps of a run once more.
public struct ReplayOutcome: Sendable, Encodable {
  /// The run directory.
  public let run: String
  /// The step that was asked for.
  public let step: Int
  /// Ranks and threads that computed here.
  public let ranks, threads: Int
  /// The ranks that computed those steps in the run, as far as it says.
  public private(set) var runRanks: [Int] = []
  /// How gradients are combined.
  public let reduce: ReductionStrategy
  /// The checkpoint that it began with; nil for the initial weights.
  public private(set) var checkpoint: String?
  /// The steps that were computed whole and compared.
  public private(set) var steps: [Int] = []
  /// Whether everything that was compared is as the run left it.
  public private(set) var agrees = true
  /// Whether that means the same bits, or numbers that are as near as sums in another order are.
  public private(set) var isExact = true
  /// Sentences on what is not as the run left it, in the order in which it was computed.
  public private(set) var differences: [String] = []
  /// The last step's.
  public private(set) var loss, gradientNorm: Double?
  /// Of the weights after the last step: XXH3-128 of the flat vector.
  public private(set) var weightsHash: String?
  /// The checkpoint of the step, which was compared too; nil where there is none.
  public private(set) var comparedCheckpoint: String?
  /// The largest relative distance of a loss from the run's.
  public private(set) var lossDeviationMax = 0.0
  /// The largest distance of a weight from that checkpoint's; nil without one.
  public private(set) var weightDeviationMax: Double?
  /// This machine's products of fixed factors: equal numbers, equal bits.
  public let productFingerprint: String
  /// The run's; nil where it does not say.
  public let runProductFingerprint: String?
  /// The micro-batch that was asked for.
  public internal(set) var microBatch: MicroBatch?

  /// The micro-batches are `leaf` in the JSON of the first programs, and so they stay.
  private enum CodingKeys: String, CodingKey {
    case run, step, ranks, threads, runRanks, reduce, checkpoint, steps, agrees, isExact
    case differences, loss, gradientNorm, weightsHash, comparedCheckpoint, lossDeviationMax
    case weightDeviationMax, productFingerprint, runProductFingerprint
    case microBatch = "leaf"
  }

  /// One micro-batch of a step, computed alone.
  public struct MicroBatch: Sendable, Encodable {
    /// From 0.
    public let microBatch: Int
    /// The windows of the training split that its sequences are.
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
    /// As in Hugging Face's `openai-gpt`.
    public let name: String
    /// XXH3-128
    public let gradientHash: String
  }

  /// Nothing computed yet. On rank 0, as everything below.
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

  /// The weights stand as they were after `start` steps.
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

  /// A step was computed.
  mutating func computed(_ done: StepOutcome.Record, _ record: RunRecord) {
    guard case .applied(let metrics) = done else { return }
    (loss, gradientNorm) = (metrics.loss, metrics.gradientNorm)
    weightsHash = metrics.weightsHash
    guard let recorded = record.metrics[metrics.step] else {
      return add(["step \(metrics.step): \(record.folder)/metrics.jsonl has no line of it"])
    }
    let comparison = StepComparison(
      recorded: recorded, recomputed: metrics, by: reduce)
    steps.append(metrics.step)
    if let ranks = recorded.ranks, !runRanks.contains(ranks) { runRanks.append(ranks) }
    isExact = isExact && comparison.isExact
    lossDeviationMax = max(lossDeviationMax, comparison.lossDeviation)
    add(comparison.differences)
  }

  /// All steps were computed: what the checkpoint of the last one holds, where there is one.
  mutating func finished(_ session: TrainingSession, _ record: RunRecord) {
    weightsHash = session.state.weights.withBytes { XXH128.hash($0) }
    guard let saved = record.checkpoints.first(where: { $0.step == step }) else { return }
    comparedCheckpoint = saved.folder
    let comparison = CheckpointComparison(
      saved.folder, session.state, optimizer: session.snapshot?.optimizerTensors ?? [])
    weightDeviationMax = comparison.largestDeviation
    // Sums in another order leave no bit of the weights as it was; then only the files are judged.
    add(isExact ? comparison.floats + comparison.files : comparison.files)
  }

  private mutating func add(_ sentences: [String]) {
    differences += sentences
    agrees = differences.isEmpty
  }
}

extension ReplayOutcome: CustomStringConvertible {
  /// A few lines for people.
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
      lines += ["NOT what the run left:"] + differences.prefix(8)
      if differences.count > 8 { lines.append("and \(differences.count - 8) more differences") }
      lines += products.map { [$0] } ?? []
    } else if isExact, !steps.isEmpty || comparedCheckpoint != nil {
      lines.append("the same bits: \(compared)")
    } else if !steps.isEmpty {
      lines.append(
        "the same but for the order of sums: losses to \(scientific(lossDeviationMax))"
          + (weightDeviationMax.map {
            ", weights to \(scientific($0)) (not relative)"
          } ?? "") + ". " + remedy)
    }
    if let loss, let gradientNorm {
      lines.append(
        "loss \(loss)  gradient norm \(gradientNorm)"
          + (weightsHash.map { "  weights \($0)" } ?? ""))
    }
    if let microBatch {
      lines += [
        "micro-batch \(microBatch.microBatch) of step \(step): windows "
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

  /// How bits could be compared.
  private var remedy: String {
    runRanks.count == 1
      ? "The run had \(counted(runRanks[0], "rank")): start the same number to compare bits"
      : "The run did not record how many ranks computed each step"
  }

  /// That this machine cannot give the run's bits.
  private var products: String? {
    guard let theirs = runProductFingerprint, theirs != productFingerprint else { return nil }
    return
      "the matrix products of this machine and of the run differ in their bits (\(productFingerprint) and "
      + "\(theirs)): the CPU or OpenBLAS is different, so the run's bits cannot be reproduced here; try setting "
      + "OPENBLAS_CORETYPE to the run's kernels"
  }
}
