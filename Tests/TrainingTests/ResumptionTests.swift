import Configuration
import Files
import Foundation
import Testing
import Training

/// Every key of the configuration, changed where a run goes on.
struct ResumptionTests {
  /// A value of a key that is neither preset's, as a flag gives it: the first that can be read and changes it.
  private static func changed(_ key: any ConfigKey, _ config: RunConfig) throws -> RunConfig {
    for value in key.info.choices + ["70", "0.25", "elsewhere"] {
      var new = config
      if key.read(value, into: &new), new != config { return new }
    }
    throw InputError("\(key.name) has no other value here")
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
    for key in config.decidingKeys {
      let new = try Self.changed(key, config)
      let rule = key.info.resumeRule
      counts[rule, default: 0] += 1
      let unfinished = Self.resumption(config, at: 3, new)
      let finished = Self.resumption(config, at: new.steps, new)
      switch rule {
      case .mustMatch:
        for resumption in [unfinished, finished] {
          let error = #expect(throws: InputError.self) { try resumption.changes() }
          #expect(error?.reason.contains("\(key.name) ") == true, "\(key.name)")
        }
      case .mayChange:
        let changes = try unfinished.changes()
        #expect(changes.map(\.key) == [key.name])
        #expect(changes.first.map { $0.old != $0.new } == true)
        let error = #expect(throws: InputError.self) { try finished.changes() }
        #expect(error?.reason.contains("\(key.name) ") == true, "\(key.name)")
      case .free:
        // A run that starts from a model records the model's identity, not only its path.
        if key.name == RunConfig.table.from.name, kind == .pretraining { continue }
        #expect(try unfinished.changes() == [], "\(key.name)")
        #expect(try finished.changes() == [], "\(key.name)")
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
    let changes = old.changes(to: new)
    #expect(
      old.learningRateReport(changes, to: new, after: 20)
        == "Step 21's learning rate is 5.0e-4; step 20's was 6.2e-6")
    new = old
    new.clip = 7
    #expect(old.learningRateReport(old.changes(to: new), to: new, after: 20) == nil)
  }

  @Test func keysYoungerThanACheckpointAreNotCompared() throws {
    let old = Self.run(.pretraining)
    var new = old
    new.initializerRange = 0.08
    #expect(old.changes(to: new, known: ["steps"]) == [])
    #expect(old.changes(to: new).map(\.key) == ["initializer-range"])
  }
}
