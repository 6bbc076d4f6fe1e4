import Dist
import Kernels
import Model

extension RunConfig {
  /// Every key of a configuration, declared once. A new key needs one declaration here; flags, YAML, checks, help, `--dry-run`,
  /// docs/CONFIG.md and tests are derived from it. Code reads it as `config.name`.
  ///
  /// The file is long because it is one table: the keys in the order of config.yaml and of help.
  public struct Keys: Sendable {
    // MARK: - Model

    package let vocabulary = Key<Int?>(
      "vocabulary", .model, "Vocabulary size of the model, in token ids", 40_478, mini: 0, debug: 0,
      none: 0, meaning: "that of the data", in: .within(1...1 << 24), placeholder: "ids",
      resume: .mustMatch)
    package let context = Key(
      "context", .model, "The longest sequence, in tokens", 512, mini: 128, debug: 32,
      in: .within(1...1 << 20), placeholder: "tokens", resume: .mustMatch)
    package let width = Key(
      "width", .model, "Width of the residual stream", 768, mini: 128, debug: 64,
      in: .within(1...1 << 16), placeholder: "floats", resume: .mustMatch)
    package let layers = Key(
      "layers", .model, "Number of blocks", 12, mini: 4, debug: 2, in: .within(1...1 << 12),
      placeholder: "blocks", resume: .mustMatch)
    package let heads = Key(
      "heads", .model, "Attention heads per block", 12, mini: 4, debug: 2,
      in: .within(1...1 << 16), placeholder: "heads", resume: .mustMatch)
    package let dropout = Key(
      "dropout", .model, "Probability of dropout", 0.1, in: .probability, placeholder: "p",
      resume: .mustMatch)
    package let classifierDropout = Key(
      "classifier-dropout", .model, "Probability of dropout before the task's linear layer", 0.1,
      in: .probability, placeholder: "p", for: [.fineTuning], resume: .mustMatch)
    // Initialised from N(0, 0.02), a post-norm decoder as narrow as mini stays at the unigram loss for hundreds of steps.
    package let initializerRange = Key(
      "initializer-range", .model,
      "Standard deviation of the initial weights (Hugging Face's initializer_range)", 0.02,
      mini: 0.08, in: .notNegative, placeholder: "deviation", resume: .mustMatch)
    package let from = Key<String?>(
      "from", .model,
      .init(
        "A model folder or run directory to begin with; random weights if not given",
        fineTuning: "A model folder or run directory to begin with"), "", none: "",
      meaning: "none", placeholder: "model", resume: .free)
    package let fromScratch = Key(
      "from-scratch", .model,
      "Begin with random weights; take shape and tokenizer from --from, or from --preset and --tokenizer",
      false, for: [.fineTuning], resume: .mustMatch)
    package let transferLayers = Key<Int?>(
      "transfer-layers", .model,
      "Take only the embeddings and this many blocks of --from", -1, none: -1, meaning: "all",
      in: .atLeast(0), placeholder: "blocks", for: [.fineTuning], resume: .mustMatch)
    package let tokenizer = Key<String?>(
      "tokenizer", .model, "Without --from: a folder with vocab.json and merges.txt", "", none: "",
      meaning: "that of --from", placeholder: "folder", for: [.fineTuning], resume: .free)

    // MARK: - Data

    package let data = Key(
      "data", .data,
      .init("The folder that `prepare` wrote", fineTuning: "The folder with the task's files"),
      "data", fineTuning: "", placeholder: "folder", resume: .free)
    package let task = Key<String?>(
      "task", .data, "The task to fine-tune on: its name, or a YAML file", "", none: "",
      meaning: "none", placeholder: "name|yaml", for: [.fineTuning], resume: .free)
    package let examples = Key<Int?>(
      "examples", .data, "Training examples to use, drawn by the seed", 0, none: 0,
      meaning: "all", in: .atLeast(1), placeholder: "examples", for: [.fineTuning],
      resume: .mustMatch)
    package let evaluateEvery = Key<Int?>(
      "evaluate-every", .data, "Measure the validation loss every N steps", 500, mini: 200,
      debug: 10, none: 0, meaning: "the end only", in: .atLeast(1), placeholder: "steps",
      for: [.pretraining], resume: .free)
    package let evaluateSequences = Key<Int?>(
      "evaluate-sequences", .data, "Validation sequences to measure", 256, mini: 128, debug: 16,
      none: 0, meaning: "all", in: .atLeast(1), placeholder: "sequences", for: [.pretraining],
      resume: .mayChange)
    package let evaluateTasks = Key<String?>(
      "evaluate-tasks", .data,
      "Tasks to evaluate zero-shot at every validation, separated by commas, such as cola,sst2,copa",
      "", none: "", meaning: "none", placeholder: "tasks", for: [.pretraining], resume: .mayChange)
    package let tasksData = Key<String?>(
      "tasks-data", .data, "The folder with one folder for each of these tasks", "", none: "",
      meaning: "none", placeholder: "folder", for: [.pretraining], resume: .free)

    // MARK: - Optimizer

    package let steps = Key(
      "steps", .optimizer, "Number of steps (optimizer updates)", 100_000, mini: 1_600, debug: 20,
      in: .atLeast(1), placeholder: "steps", for: [.pretraining], resume: .mayChange)
    package let epochs = Key(
      "epochs", .optimizer, "Passes over the training examples", 3, in: .atLeast(1),
      placeholder: "epochs", for: [.fineTuning], resume: .mayChange)
    package let batch = Key(
      "batch", .optimizer,
      .init(
        "Sequences per step, over all ranks", fineTuning: "Examples per step, over all ranks"),
      64, mini: 8, debug: 8, fineTuning: 32, in: .atLeast(1), placeholder: "size",
      resume: .mustMatch)
    package let microBatch = Key(
      "micro-batch", .optimizer,
      .init(
        "Sequences that a rank computes at once",
        fineTuning: "Examples that a rank computes at once"
      ), 4, debug: 2, fineTuning: 8, in: .atLeast(1), placeholder: "size", resume: .mayChange)
    package let learningRate = Key(
      "learning-rate", .optimizer, "The largest learning rate", 2.5e-4, mini: 1e-3, debug: 1e-3,
      fineTuning: 6.25e-5, in: .notNegative, placeholder: "rate", resume: .mayChange)
    package let warmUp = Key(
      "warm-up", .optimizer, "Steps during which the learning rate rises from 0", 2_000, mini: 50,
      debug: 5, in: .atLeast(0), placeholder: "steps", for: [.pretraining], resume: .mayChange)
    package let warmUpFraction = Key(
      "warm-up-fraction", .optimizer,
      "The fraction of the steps during which the learning rate rises from 0", 0.002, in: .share,
      placeholder: "fraction", for: [.fineTuning], resume: .mayChange)
    package let schedule = Key(
      "schedule", .optimizer, "How the learning rate falls afterwards", Schedule.cosine,
      fineTuning: .linear, resume: .mayChange)
    package let weightDecay = Key(
      "weight-decay", .optimizer, "Weight decay of tensors of rank > 1", 0.01, in: .notNegative,
      placeholder: "rate", resume: .mayChange)
    package let clip = Key<Double?>(
      "clip", .optimizer, "The largest norm of the gradient", 1.0, none: 0,
      meaning: "no clipping", in: .positive, placeholder: "norm", resume: .mayChange)
    package let lmCoefficient = Key(
      "lm-coefficient", .optimizer,
      "λ, the weight of the auxiliary language-model loss; 0 for none", 0.5, in: .notNegative,
      placeholder: "lambda", for: [.fineTuning], resume: .mustMatch)
    package let seed = Key(
      "seed", .optimizer, "Seed of the initial weights, the order of the data and dropout",
      UInt64(1), placeholder: "seed", resume: .mustMatch)
    package let anomaly = Key(
      "anomaly", .optimizer, "At NaN, infinity or a spike of loss or gradient", AnomalyPolicy.stop,
      meanings: ["skip": "that step", "rollback": "to a checkpoint"], resume: .mayChange)
    // In 3,000 healthy steps, batches of 256 tokens reached 7 deviations, and batches of 1,024 tokens 4. In fine-tuning, the loss
    // comes near 0, and then there is no scale on which a larger loss is a spike.
    package let spikeThreshold = Key<Double?>(
      "spike-threshold", .optimizer,
      "How many robust deviations above the recent steps count as a spike", 20.0, fineTuning: 0,
      none: 0, meaning: "no search", in: .positive, placeholder: "deviations", resume: .mayChange)

    // MARK: - Checkpoints

    package let checkpointEvery = Key(
      "checkpoint-every", .checkpoints, "Write a checkpoint every N steps, and at the end", 1_000,
      mini: 200, debug: 10, fineTuning: 500, in: .atLeast(1), placeholder: "steps", resume: .free)
    package let keep = Key(
      "keep", .checkpoints, "Number of newest checkpoints to keep", 3, in: .atLeast(1),
      placeholder: "checkpoints", resume: .free)
    package let keepEvery = Key<Int?>(
      "keep-every", .checkpoints, "Keep every N-th step's checkpoint permanently", 0, none: 0,
      meaning: "none", in: .atLeast(1), placeholder: "steps", resume: .free)
    package let onCheckpointFailure = Key(
      "on-checkpoint-failure", .checkpoints, "If a checkpoint cannot be written",
      CheckpointFailurePolicy.continue, meanings: ["continue": "and try again at the next"],
      resume: .free)
    package let resume = Key(
      "resume", .checkpoints,
      "Checkpoint to resume from: auto (the newest good one in the run directory), never, or a checkpoint's folder",
      Resume.automatic, resume: .free)

    // MARK: - Cluster

    package let precision = Key(
      "precision", .cluster, "Arithmetic of the matrix products", Precision.fp32,
      meanings: ["bf16": "sums in fp32", "bf16-emulated": "rehearses bf16 on any CPU"],
      resume: .mayChange)
    package let engine = Key(
      "engine", .cluster, "Library of the matrix products", EngineChoice.automatic,
      meanings: ["auto": "oneDNN on CPUs with AVX-512 and for bf16, else OpenBLAS"],
      resume: .mayChange)
    package let tileRows = Key<Int?>(
      "tile-rows", .cluster,
      "The most rows of a matrix product that a thread computes at once: 64 or 128 give many threads enough to do",
      0,
      none: 0, meaning: "512 with OpenBLAS, 256 with oneDNN", in: .within(64...512),
      placeholder: "rows", resume: .mayChange)
    package let recompute = Key(
      "recompute", .cluster,
      "Recompute each block's activations in backward: less memory, more time", false,
      resume: .free)
    package let reduce = Key(
      "reduce", .cluster, "How gradients are combined", ReductionStrategy.allreduce,
      meanings: [
        "overlapped": "during backward", "ordered": "the same bits on any number of ranks",
      ], resume: .mayChange)
    package let wire = Key(
      "wire", .cluster, "How gradients cross the network", WireFormat.fp32,
      meanings: ["bf16": "half the bytes"], resume: .mayChange)
    package let threads = Key<Int?>(
      "threads", .cluster, "Threads per rank", 0, none: 0,
      meaning: "a fair share of the node's CPUs", in: .within(1...4_096), placeholder: "threads",
      resume: .free)
    package let stallTimeout = Key<Int?>(
      "stall-timeout", .cluster,
      "End the job with status 75 when no rank has moved for this many seconds, and report the rank that is behind",
      120, none: 0, meaning: "never", in: .atLeast(1), placeholder: "seconds", resume: .free)

    // MARK: - Output

    package let out = Key(
      "out", .output, "The run directory", "runs/gpt1", mini: "runs/mini", debug: "runs/debug",
      told: .init("runs/PRESET", fineTuning: "runs/PRESET-TASK"), placeholder: "folder",
      resume: .free)
    package let debug = Key(
      "debug", .output,
      "Search every operation's output for NaN and infinity, and print the phases' times", false,
      resume: .free)
  }
}
