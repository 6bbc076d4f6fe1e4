import Model

extension RunConfig {
  /// The configurations that `--preset` names.
  public enum Preset: String, Sendable, CaseIterable {
    /// The paper's model and run: 117 M parameters, 64 sequences of 512 tokens a step.
    case gpt1
    /// Trains to something readable in minutes on 2 cores.
    case mini
    /// A few seconds, to see that everything works.
    case debug

    /// Its values.
    public var config: RunConfig {
      var config = RunConfig()
      config.out = "runs/\(rawValue)"
      switch self {
      case .gpt1: break
      case .mini:
        config.vocabulary = 0
        config.context = 128
        config.width = 128
        config.layers = 4
        config.heads = 4
        // A post-norm decoder this narrow stays at the unigram loss for hundreds of updates from N(0, 0.02).
        config.initializerRange = 0.08
        config.steps = 1_600
        config.batch = 8
        config.microBatch = 4
        config.learningRate = 1e-3
        config.warmUp = 50
        config.checkpointEvery = 200
        config.evaluateEvery = 200
        config.evaluateSequences = 128
      case .debug:
        config.vocabulary = 0
        config.context = 32
        config.width = 64
        config.layers = 2
        config.heads = 2
        config.steps = 20
        config.batch = 8
        config.microBatch = 2
        config.learningRate = 1e-3
        config.warmUp = 5
        config.checkpointEvery = 10
        config.evaluateEvery = 10
        config.evaluateSequences = 16
      }
      return config
    }

    /// Its model, fine-tuned as in the paper (§4.1, and the defaults of OpenAI's train.py).
    public var fineTuning: RunConfig {
      var config = config
      // `resolve` adds the task's name.
      config.out = "runs/\(rawValue)"
      config.data = ""
      config.batch = 32
      config.microBatch = 8
      config.learningRate = 6.25e-5
      config.schedule = .linear
      config.checkpointEvery = 500
      // A loss that comes near 0 has no scale by which a larger one is a spike.
      config.spikeThreshold = 0
      return config
    }
  }
}
