import Dist

extension RunConfig {
  /// Whether it is of fine-tuning.
  public var isFineTuning: Bool { !task.isEmpty }

  /// What makes the run impossible, in a sentence, before anything is read; nil when nothing does.
  public var problem: String? {
    let positive = [
      ("steps", steps), ("batch", batch), ("micro-batch", microBatch),
      ("checkpoint-every", checkpointEvery), ("keep", keep),
    ]
    for (name, value) in positive where value < 1 {
      return "\(name) is \(value); it must be at least 1"
    }
    let natural = [
      ("vocabulary", vocabulary), ("warm-up", warmUp), ("evaluate-every", evaluateEvery),
      ("evaluate-sequences", evaluateSequences), ("threads", threads),
      ("stall-timeout", stallTimeout), ("keep-every", keepEvery),
    ]
    for (name, value) in natural where value < 0 {
      return "\(name) is \(value); it must not be negative"
    }
    let largest = 1 << 31
    for (name, value) in positive + natural where value > largest {
      return "\(name) is \(value); it must not be above \(largest)"
    }
    if threads > 4_096 { return "threads is \(threads); it must not be above 4096" }
    if let problem = model(vocabularySize: 1).problem ?? fineTuningProblem { return problem }
    if batch % microBatch != 0 {
      return "a batch of \(batch) sequences cannot be divided into micro-batches of \(microBatch): "
        + "choose a micro-batch that divides it"
    }
    if microBatch * context > 1 << 24 {
      return
        "a micro-batch of \(microBatch) sequences of \(context) tokens is too large; choose a smaller "
        + "micro-batch"
    }
    if !(learningRate >= 0 && learningRate.isFinite) {
      return "learning-rate is \(learningRate); it must be a number that is not negative"
    }
    if !(weightDecay >= 0 && weightDecay.isFinite) {
      return "weight-decay is \(weightDecay); it must be a number that is not negative"
    }
    if !(clip >= 0 && clip.isFinite) { return "clip is \(clip); it must not be negative" }
    if wire != .fp32, reduce == .ordered {
      return
        "wire \(wire.rawValue) rounds gradients, and reduce ordered adds them up exactly as they were computed: "
        + "choose wire fp32, or reduce allreduce or overlapped"
    }
    if !(spikeThreshold >= 0 && spikeThreshold.isFinite) {
      return "spike-threshold is \(spikeThreshold); it must not be negative"
    }
    if keepEvery % checkpointEvery != 0 {
      return "keep-every is \(keepEvery); it must be a multiple of checkpoint-every, which is "
        + "\(checkpointEvery)"
    }
    if out.isEmpty || data.isEmpty { return "data and out must name folders" }
    if evaluateTasks.isEmpty != tasksData.isEmpty {
      return
        "give evaluate-tasks and tasks-data, the folder with one folder per task, together or not at all"
    }
    return nil
  }

  /// What makes a run other than one would think, though it is possible: a sentence each.
  ///
  /// - Parameter examples: training examples, in pre-training sequences, that there are; nil where that is not known
  public func cautions(examples: Int?) -> [String] {
    [
      learningRateCaution, warmUpCaution, examples.flatMap(examplesCaution),
      examples.flatMap(batchCaution),
    ].compactMap { $0 }
  }

  private var learningRateCaution: String? {
    learningRate == 0
      ? "the learning rate is 0: nothing is trained. Give a --learning-rate above 0" : nil
  }

  private func examplesCaution(_ there: Int) -> String? {
    guard isFineTuning, self.examples > there else { return nil }
    return
      "--examples \(self.examples) is more than there are: all \(counted(there, "training example")) "
      + "\(there == 1 ? "is" : "are") used"
  }

  private var warmUpCaution: String? {
    guard learningRate > 0, warmUp >= steps else { return nil }
    let option = isFineTuning ? "--warm-up-fraction" : "--warm-up"
    if steps == 1 {
      return
        "the only step has learning rate 0, since the warm-up has \(counted(warmUp, "step")): nothing is trained. "
        + "Give more \(isFineTuning ? "--epochs" : "--steps"), or \(option) 0"
    }
    let most = self.learningRate(ofStep: steps)
    let percent = 100 * most / learningRate
    return
      "all \(grouped(steps)) steps are warm-up, which takes \(grouped(warmUp)): the learning rate reaches only "
      + "\(scientific(most)), \(format(percent, percent < 1 ? 2 : 0)) % of \(learningRate). Give a smaller \(option)"
  }

  private func batchCaution(_ examples: Int) -> String? {
    guard batch > examples else { return nil }
    guard isFineTuning else {
      return
        "a step of \(grouped(batch)) sequences is more than the \(counted(examples, "sequence")) of the data: it reads "
        + "some of them several times. Give a --batch of at most \(grouped(examples))"
    }
    return
      "a step of \(grouped(batch)) examples is more than the \(counted(examples, "training example")): "
      + "\(counted(epochs, "epoch")) \(epochs == 1 ? "is" : "are") \(counted((epochs * examples - 1) / batch + 1, "step")). "
      + "Give a --batch of at most \(grouped(examples))"
  }

  private var fineTuningProblem: String? {
    guard isFineTuning else { return nil }
    for (name, value, least) in [
      ("epochs", epochs, 1), ("examples", examples, 0), ("transfer-layers", transferLayers, -1),
    ] where !(least...1 << 31 ~= value) {
      return "\(name) is \(value); it must lie between \(least) and \(1 << 31)"
    }
    if !(0...1 ~= warmUpFraction) {
      return "warm-up-fraction is \(warmUpFraction); it must lie between 0 and 1"
    }
    if !(lmCoefficient >= 0 && lmCoefficient.isFinite) {
      return "lm-coefficient is \(lmCoefficient); it must be a number that is not negative"
    }
    if !(0..<1 ~= classifierDropout) {
      return "classifier-dropout is \(classifierDropout); it must be at least 0 and below 1"
    }
    if from.isEmpty {
      guard fromScratch else {
        return
          "fine-tuning begins with a model: give --from MODEL, or --from-scratch for random weights"
      }
      if tokenizer.isEmpty {
        return
          "--from-scratch without --from has no vocabulary: give --tokenizer, a folder with vocab.json and "
          + "merges.txt"
      }
    } else if !tokenizer.isEmpty {
      return "the tokenizer is that of --from \(from): leave --tokenizer out"
    }
    if fromScratch, transferLayers >= 0 {
      return "--from-scratch takes no weights and --transfer-layers some: give one of them"
    }
    return nil
  }
}
