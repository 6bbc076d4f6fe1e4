extension RunConfig {
  /// The configurations that `--preset` names; `Keys` has their values.
  public enum Preset: String, Sendable, CaseIterable {
    /// The paper's model and run: 117 M parameters, 64 sequences of 512 tokens a step.
    case gpt1
    /// Trains to something readable in minutes on 2 cores.
    case mini
    /// A few seconds, to see that everything works.
    case debug

    /// Its values.
    public var config: RunConfig { config(.pretraining) }

    /// Its model, fine-tuned as in the paper (§4.1, and the defaults of OpenAI's train.py).
    public var fineTuning: RunConfig { config(.fineTuning) }

    package func config(_ kind: Kind) -> RunConfig {
      var config = RunConfig()
      for key in RunConfig.keys { key.setDefault(self, kind, in: &config) }
      return config
    }
  }
}
