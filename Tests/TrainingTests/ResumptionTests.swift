import Files
import Foundation
import Testing
import Training

private typealias Key = RunConfig.CodingKeys

/// Every key of the configuration, changed where a run goes on. A new key has no line here before somebody decides on it.
struct ResumptionTests {
  /// A value for every key that is neither preset's, as a flag gives it.
  private static func other(_ key: Key) -> String {
    switch key {
    case .data, .out, .resume, .from, .tokenizer, .tasksData: "elsewhere"
    case .evaluateTasks: "cola"
    case .task: "other.yaml"
    case .schedule: "constant"
    case .precision: "bf16-emulated"
    case .reduce: "overlapped"
    case .wire: "bf16"
    case .onCheckpointFailure: "stop"
    case .anomaly: "skip"
    case .recompute, .debug, .fromScratch: "true"
    case .transferLayers: "1"
    case .vocabulary, .context: "48"
    case .width: "96"
    case .layers: "3"
    case .heads: "4"
    case .steps: "70"
    case .epochs: "9"
    case .batch: "16"
    case .microBatch: "4"
    case .examples: "64"
    case .keep, .keepEvery: "10"
    case .dropout, .initializerRange, .learningRate, .weightDecay, .clip, .warmUpFraction,
      .lmCoefficient, .classifierDropout:
      "0.25"
    case .seed, .threads, .checkpointEvery, .evaluateEvery, .evaluateSequences, .warmUp,
      .stallTimeout, .spikeThreshold:
      "6"
    }
  }

  private static func run(_ kind: RunConfig.Kind) -> RunConfig {
    var config = RunConfig.Preset.debug.config
    if kind == .fineTuning {
      config = RunConfig.Preset.debug.fineTuning
      (config.task, config.from, config.data) = ("mood.yaml", "model", "mood")
      (config.steps, config.warmUp) = (60, 3)
    }
    return config
  }

  private static func changed(_ key: Key, _ config: RunConfig) throws -> RunConfig {
    try config.with([key.rawValue: other(key)], path: "test")
  }

  private static func resumption(
    _ saved: RunConfig, at step: Int, _ config: RunConfig, data: String = "data",
    task: String? = nil
  ) -> Resumption {
    Resumption(
      folder: "run/checkpoints/x",
      saved: TrainerState(
        step: step, config: saved, dataFingerprint: "data",
        task: saved.isFineTuning ? "mood" : nil),
      config: config, dataFingerprint: data,
      task: task ?? (config.isFineTuning ? "mood" : nil), dataVocabulary: 147)
  }

  @Test(arguments: [RunConfig.Kind.pretraining, .fineTuning])
  func everyKeyIsRefusedReportedOrFree(kind: RunConfig.Kind) throws {
    let config = Self.run(kind)
    var counts: [ResumeRule: Int] = [:]
    for key in Key.allCases where config.decidingKeys.contains(key) {
      let new = try Self.changed(key, config)
      #expect(new != config, "\(key.rawValue) has no other value here")
      counts[key.resumeRule, default: 0] += 1
      let unfinished = Self.resumption(config, at: 3, new)
      let finished = Self.resumption(config, at: new.steps, new)
      switch key.resumeRule {
      case .mustMatch:
        for resumption in [unfinished, finished] {
          let error = #expect(throws: InputError.self) { try resumption.changes() }
          #expect(error?.reason.contains("\(key.rawValue) ") == true, "\(key.rawValue)")
        }
      case .mayChange:
        let changes = try unfinished.changes()
        #expect(changes.map(\.key) == [key])
        #expect(changes.first.map { $0.old != $0.new } == true)
        let error = #expect(throws: InputError.self) { try finished.changes() }
        #expect(error?.reason.contains("\(key.rawValue) ") == true, "\(key.rawValue)")
      case .free:
        // That a run begins with a model is more than where that lies.
        if key == .from, kind == .pretraining { continue }
        #expect(try unfinished.changes() == [], "\(key.rawValue)")
        #expect(try finished.changes() == [], "\(key.rawValue)")
      }
    }
    #expect(counts[.mustMatch, default: 0] >= 9 && counts[.mayChange, default: 0] >= 10)
  }

  @Test func allThatDiffersIsNamedAtOnceInWords() throws {
    let (debug, paper) = (Self.run(.pretraining), RunConfig())
    let error = #expect(throws: InputError.self) {
      try Self.resumption(debug, at: 3, paper, data: "other").changes()
    }
    let reason = try #require(error?.reason)
    for part in [
      "vocabulary that of the data, not 40478", "context 32, not 512", "width 64, not 768",
      "layers 2, not 12", "batch 8, not 64", "(--preset debug)",
      "was trained on data that differ from those now in data",
    ] { #expect(reason.contains(part), "\(reason)") }
  }

  @Test func theVocabularyOfTheDataIsTheirNumber() throws {
    var config = Self.run(.pretraining)
    let saved = config
    config.vocabulary = 147
    #expect(try Self.resumption(saved, at: 3, config).changes() == [])
    config.vocabulary = 148
    #expect(throws: InputError.self) { try Self.resumption(saved, at: 3, config).changes() }
  }

  @Test func anotherTaskAnotherKindAndFewerStepsAreRefused() throws {
    let (pretraining, fineTuning) = (Self.run(.pretraining), Self.run(.fineTuning))
    for resumption in [
      Self.resumption(pretraining, at: 3, fineTuning),
      Self.resumption(fineTuning, at: 3, pretraining),
      Self.resumption(fineTuning, at: 3, fineTuning, task: "gloom"),
      Self.resumption(pretraining, at: 21, pretraining),
    ] { #expect(throws: InputError.self) { try resumption.changes() } }
  }

  @Test func whatALearningRateBecomesIsTold() throws {
    let old = Self.run(.pretraining)
    var new = old
    new.steps = 40
    let changes = try old.changes(to: new)
    #expect(
      old.learningRateReport(changes, to: new, after: 20)
        == "Step 21's learning rate is 5.0e-4; step 20's was 6.2e-6")
    new = old
    new.clip = 7
    #expect(old.learningRateReport(try old.changes(to: new), to: new, after: 20) == nil)
  }

  @Test func keysYoungerThanACheckpointAreNotCompared() throws {
    let old = Self.run(.pretraining)
    var new = old
    new.initializerRange = 0.08
    #expect(try old.changes(to: new, known: ["steps"]) == [])
    #expect(try old.changes(to: new).map(\.key) == [.initializerRange])
  }
}
