import Console
import Data
import Dist
import Kernels
import Tokenization

extension RunConfig {
  /// True for fine-tuning, which has a task.
  public var isFineTuning: Bool { self.task != nil }

  /// A sentence about a value or a combination that makes the run impossible; nil if there is none. No file is read.
  public var problem: String? {
    for key in RunConfig.keys { if let problem = key.problem(of: self) { return problem } }
    if let problem = model(vocabularySize: 1).problem ?? fineTuningProblem { return problem }
    if self.batch % self.microBatch != 0 {
      return
        "a batch of \(self.batch) sequences cannot be divided into micro-batches of \(self.microBatch): "
        + "choose a micro-batch that divides it"
    }
    if self.microBatch * self.context > 1 << 24 {
      return
        "a micro-batch of \(self.microBatch) sequences of \(self.context) tokens is too large; choose a smaller "
        + "micro-batch"
    }
    if !self.reduce.supports(self.wire) {
      let others = ReductionStrategy.allCases.filter { $0.supports(self.wire) }.map(\.rawValue)
      return
        "wire \(self.wire.rawValue) rounds gradients, and reduce \(self.reduce.rawValue) adds them up exactly as they were computed: "
        + "choose wire fp32, or reduce \(others.joined(separator: " or "))"
    }
    if let engine = self.engine.engine, !engine.computes(self.precision) {
      return
        "engine \(engine.rawValue) computes no products in \(self.precision.rawValue): leave out the engine, or choose precision "
        + Precision.fp32.rawValue
    }
    if let keepEvery = self.keepEvery, keepEvery % self.checkpointEvery != 0 {
      return "keep-every is \(keepEvery); it must be a multiple of checkpoint-every, which is "
        + "\(self.checkpointEvery)"
    }
    if self.out.isEmpty || self.data.isEmpty { return "data and out must name folders" }
    if (self.evaluateTasks == nil) != (self.tasksData == nil) {
      return
        "give evaluate-tasks and tasks-data, the folder with one folder per task, together or not at all"
    }
    return nil
  }

  /// A sentence for each setting that is possible but probably not meant.
  ///
  /// - Parameter examples: the number of training examples, or in pre-training of sequences; nil if it is not known
  public func cautions(examples: Int?) -> [String] {
    [
      learningRateCaution, warmUpCaution, examples.flatMap(examplesCaution),
      examples.flatMap(batchCaution),
    ].compactMap { $0 }
  }

  private var learningRateCaution: String? {
    self.learningRate == 0
      ? "the learning rate is 0: nothing is trained. Give a --learning-rate above 0" : nil
  }

  private func examplesCaution(_ there: Int) -> String? {
    guard isFineTuning, let examples = self.examples, examples > there else { return nil }
    return
      "--examples \(examples) is more than there are: all \(counted(there, "training example")) "
      + "\(there == 1 ? "is" : "are") used"
  }

  private var warmUpCaution: String? {
    guard self.learningRate > 0, self.warmUp >= self.steps else { return nil }
    let option = isFineTuning ? "--warm-up-fraction" : "--warm-up"
    if self.steps == 1 {
      return
        "the only step has learning rate 0, since the warm-up has \(counted(self.warmUp, "step")): nothing is trained. "
        + "Give more \(isFineTuning ? "--epochs" : "--steps"), or \(option) 0"
    }
    let most = rate(ofStep: self.steps)
    let percent = 100 * most / self.learningRate
    return
      "all \(grouped(self.steps)) steps are warm-up, which takes \(grouped(self.warmUp)): the learning rate reaches only "
      + "\(scientific(most)), \(format(percent, percent < 1 ? 2 : 0)) % of \(self.learningRate). Give a smaller \(option)"
  }

  private func batchCaution(_ examples: Int) -> String? {
    guard self.batch > examples else { return nil }
    guard isFineTuning else {
      return
        "a step of \(grouped(self.batch)) sequences is more than the \(counted(examples, "sequence")) of the data: it reads "
        + "some of them several times. Give a --batch of at most \(grouped(examples))"
    }
    return
      "a step of \(grouped(self.batch)) examples is more than the \(counted(examples, "training example")): "
      + "\(counted(self.epochs, "epoch")) \(self.epochs == 1 ? "is" : "are") \(counted((self.epochs * examples - 1) / self.batch + 1, "step")). "
      + "Give a --batch of at most \(grouped(examples))"
  }

  private var fineTuningProblem: String? {
    guard isFineTuning else { return nil }
    if self.fromScratch, self.transferLayers != nil {
      return "--from-scratch takes no weights, --transfer-layers takes some: give one of them"
    }
    guard let from = self.from else {
      guard self.fromScratch else {
        return
          "fine-tuning begins with a model: give --from MODEL, or --from-scratch for random weights"
      }
      if self.tokenizer == nil {
        return
          "--from-scratch without --from has no vocabulary: give --tokenizer, a folder with vocab.json and "
          + "merges.txt"
      }
      return nil
    }
    if self.tokenizer != nil {
      return "the tokenizer is that of --from \(from): leave --tokenizer out"
    }
    return nil
  }
}
