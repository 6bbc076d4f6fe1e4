extension RunConfig {
  /// The configurations that `--preset` names; `Keys` has their values.
  public enum Preset: String, Sendable, CaseIterable {
    /// The paper's model and run: 117 M parameters, 64 sequences of 512 tokens per step.
    case gpt1
    /// A small model that writes readable text after minutes of training on a 2-core machine.
    case mini
    /// A run of a few seconds, to check that everything works.
    case debug

    /// Its values for pre-training.
    public var config: RunConfig { config(.pretraining) }

    /// Its values for fine-tuning: as in the paper (§4.1, and the defaults of OpenAI's train.py).
    public var fineTuning: RunConfig { config(.fineTuning) }

    package func config(_ kind: Kind) -> RunConfig {
      var config = RunConfig()
      for key in RunConfig.keys { key.setDefault(self, kind, in: &config) }
      return config
    }
  }
}
