import Files
import Foundation
import Model
import TestSupport
import Testing
import Configuration

struct RunConfigTests {
  @Test func flagsBeatTheFileAndTheFileBeatsThePreset() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/run.yaml"
      try "learning-rate: 0.5\nsteps: 7\n# a comment\n".write(
        toFile: path, atomically: true, encoding: .utf8)
      let config = try RunConfig.resolve(preset: .mini, yaml: path, flags: ["steps": "9"])
      #expect(config.steps == 9)
      #expect(config.learningRate == 0.5)
      #expect(config.width == RunConfig.Preset.mini.config.width)
    }
  }

  @Test(arguments: RunConfig.Preset.allCases)
  func whatIsWrittenReadsBackTheSame(preset: RunConfig.Preset) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/config.yaml"
      var config = preset.config
      config.out = "runs/with: colon # and hash"
      config.seed = .max
      try config.yaml.write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try RunConfig.resolve(preset: .debug, yaml: path) == config)
    }
  }

  @Test func numbersAreWrittenAsPeopleWriteThem() throws {
    var config = RunConfig.Preset.gpt1.config
    (config.learningRate, config.dropout, config.out) = (6.25e-5, 0, "3e-2")
    let yaml = try config.yaml.split(separator: "\n")
    #expect(yaml.contains("learning-rate: 6.25e-05"))
    #expect(yaml.contains("initializer-range: 0.02"))
    #expect(yaml.contains("dropout: 0.0"))
    #expect(yaml.contains("out: '3e-2'"))
  }

  @Test func thePaperIsTheDefault() throws {
    let config = try RunConfig.resolve(preset: .gpt1)
    let model = config.model(vocabularySize: 8_000)
    #expect(ParameterTable(model).count == 116_534_784)
    #expect(config.batch == 64 && config.warmUp == 2_000 && config.learningRate == 2.5e-4)
  }

  @Test(arguments: [
    (
      "steps: 5\nlearning_rate: 1\n",
      ":2: unknown key `learning_rate`; did you mean `learning-rate`?"
    ),
    ("seed: 5\nlr: 1\n", ":2: unknown key `lr`; did you mean `learning-rate`?"),
    ("epochs: 5\n", ":1: unknown key `epochs` for `pretrain`: it belongs to `finetune`"),
    (
      "quark: 5\n",
      "`quark`; the keys are the names of the options that `gpt1-dist pretrain --help`"
    ),
    (
      "preset: mimi\n",
      ":1: `preset` cannot be `mimi`: expected one of gpt1, mini, debug; did you mean `mini`?"
    ),
    ("schedule: cosin\n", "did you mean `cosine`?"),
    ("seed: 1\nseed: 2\n", "the key `seed` is given twice"),
    ("steps: many\n", "`steps` cannot be `many`: expected a whole number"),
    ("schedule: quadratic\n", "expected one of cosine, linear, constant"),
    ("reduce: sum\n", "`reduce` cannot be `sum`"),
    ("- 1\n- 2\n", "expected lines of `key: value`"),
    ("steps: [1\n", ":2: is not YAML"),
    (
      "batch: 10\nmicro-batch: 4\n",
      "a batch of 10 sequences cannot be divided into micro-batches of 4"
    ),
    ("steps: 0\n", "steps is 0; it must be at least 1"),
    ("steps: 99999999999\n", "steps is 99999999999; it must not be above"),
    ("steps: -1\n", "steps is -1"),
    ("dropout: 1\n", "dropout is 1.0"),
    ("learning-rate: .nan\n", "learning-rate is nan"),
    ("width: 100\nheads: 3\n", "width 100 is not a multiple of its 3 heads"),
    ("clip: -1\n", "clip is -1.0"),
    ("context: 0\n", "context is 0"),
    ("micro-batch: 1000000\nbatch: 1000000\ncontext: 1000000\ndropout: 0\n", "is too large"),
  ])
  func whatCannotBeIsRefusedInASentence(yaml: String, sentence: String) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/run.yaml"
      try yaml.write(toFile: path, atomically: true, encoding: .utf8)
      let error = try #require(throws: UsageError.self) {
        try RunConfig.resolve(preset: .gpt1, yaml: path)
      }
      #expect(error.description.contains(sentence))
      #expect(!error.description.contains("\n"))
    }
  }

  @Test func aFileMayNameThePresetAndAFlagPrecedesIt() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/run.yaml"
      try "preset: debug\nsteps: 7\n".write(toFile: path, atomically: true, encoding: .utf8)
      let config = try RunConfig.resolve(yaml: path)
      #expect(config.width == RunConfig.Preset.debug.config.width && config.steps == 7)
      #expect(try RunConfig.resolve(preset: .mini, yaml: path).width == 128)
    }
  }

  @Test func theRunDirectoryNamesPresetAndTask() throws {
    #expect(try RunConfig.resolve().out == "runs/gpt1")
    #expect(try RunConfig.resolve(preset: .debug).out == "runs/debug")
    for task in ["mood.yaml", "./mood.yaml", "/a/b/Mood.yml", "mood"] {
      let flags = ["task": task, "from": "model", "data": "files"]
      #expect(
        try RunConfig.resolve(.fineTuning, preset: .mini, flags: flags).out == "runs/mini-mood")
      let named = flags.merging(["out": "here"]) { $1 }
      #expect(try RunConfig.resolve(.fineTuning, flags: named).out == "here")
    }
  }

  @Test func warmUpsAndBatchesThatAreTooLongAreToldWithNumbers() throws {
    var config = RunConfig.Preset.debug.config
    #expect(config.cautions(examples: 8) == [])
    config.warmUp = 2_000
    #expect(
      config.cautions(examples: nil) == [
        "all 20 steps are warm-up, which takes 2,000: the learning rate reaches only 9.5e-06, 0.95 % of 0.001. "
          + "Give a smaller --warm-up"
      ])
    (config.steps, config.warmUp) = (1, 5)
    #expect(
      config.cautions(examples: nil).first?.hasPrefix("the only step has learning rate 0") == true)
    config.warmUp = 0
    #expect(config.cautions(examples: 8) == [])
    #expect(
      config.cautions(examples: 7).first?.hasPrefix("a step of 8 sequences is more than the 7")
        == true)
    config.learningRate = 0
    #expect(config.cautions(examples: 8).first?.hasPrefix("the learning rate is 0") == true)
    config.learningRate = 0.001
    config.examples = 9
    #expect(config.cautions(examples: 8) == [])
    config.task = "mood"
    #expect(
      config.cautions(examples: 8) == [
        "--examples 9 is more than there are: all 8 training examples are used"
      ])
    config.examples = 8
    #expect(config.cautions(examples: 8) == [])
    config.examples = nil
    #expect(config.cautions(examples: 3).first?.contains("3 epochs are 2 steps") == true)
  }

  /// Values that stand for none, as files of older programs have them too.
  @Test func whatStandsForNoneIsNone() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/run.yaml"
      try """
      resume: auto
      from: ''
      vocabulary: 0
      keep-every: 0
      threads: 0
      clip: 0.0
      spike-threshold: 0
      stall-timeout: 0
      evaluate-every: 0
      evaluate-sequences: 0
      evaluate-tasks: ''
      tasks-data: ''

      """.write(toFile: path, atomically: true, encoding: .utf8)
      let config = try RunConfig.resolve(preset: .gpt1, yaml: path)
      #expect(config.resume == .automatic && config.start == .random)
      #expect(config.vocabulary == nil && config.keepEvery == nil && config.threads == nil)
      #expect(config.clip == nil && config.spikeThreshold == nil && config.stallTimeout == nil)
      #expect(config.evaluateEvery == nil && config.evaluateSequences == nil)
      #expect(config.evaluateTasks == nil && config.tasksData == nil)
      let yaml = try config.yaml.split(separator: "\n")
      for line in ["from: ''", "vocabulary: 0", "threads: 0", "clip: 0.0", "resume: auto"] {
        #expect(yaml.contains(Substring(line)), "\(line)")
      }
    }
  }

  @Test func theStartOfARunIsOneValue() throws {
    let given = ["task": "mood", "data": "files", "from": "model"]
    func start(_ more: [String: String]) throws -> Start {
      try RunConfig.resolve(.fineTuning, flags: given.merging(more) { $1 }).start
    }
    #expect(try start([:]) == .model("model"))
    #expect(try start(["transfer-layers": "-1"]) == .model("model"))
    #expect(try start(["transfer-layers": "0"]) == .transfer(blocks: 0, of: "model"))
    #expect(try start(["from-scratch": "true"]) == .random)
    #expect(throws: UsageError.self) {
      try start(["from-scratch": "true", "transfer-layers": "0"])
    }
  }

  /// Checkpoints have the configuration as JSON, those of older programs too: with numbers as numbers and words for none.
  @Test func jsonHasEveryKeyAsItAlwaysHad() throws {
    var config = RunConfig.Preset.mini.config
    (config.clip, config.resume) = (nil, .from("there"))
    let data = try JSONEncoder().encode(config)
    #expect(try JSONDecoder().decode(RunConfig.self, from: data) == config)
    let fields = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(fields.count == RunConfig.keys.count)
    #expect(fields["clip"] as? Double == 0 && fields["transfer-layers"] as? Int == -1)
    #expect(fields["resume"] as? String == "there" && fields["from"] as? String == "")
    #expect(fields["recompute"] as? Bool == false && fields["steps"] as? Int == 1_600)
  }

  @Test func everyDeclarationIsAKeyWithItsOwnName() {
    #expect(RunConfig.keys.count == Mirror(reflecting: RunConfig.table).children.count)
    #expect(Set(RunConfig.keys.map(\.name)).count == RunConfig.keys.count)
    for (key, child) in zip(RunConfig.keys, Mirror(reflecting: RunConfig.table).children) {
      let label = (child.label ?? "").replacing(/[A-Z]/) { "-" + $0.output.lowercased() }
      #expect(key.name == label)
    }
  }

  @Test func theDocumentOfTheKeysIsUpToDate() throws {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let path = tests.deletingLastPathComponent().appending(path: "docs/CONFIG.md")
    #expect(
      try String(contentsOf: path, encoding: .utf8) == ConfigDocument.text,
      "docs/CONFIG.md is out of date: run `make config-docs`")
  }

  @Test func aMissingFileIsNamed() throws {
    let error = try #require(throws: UsageError.self) {
      try RunConfig.resolve(preset: .gpt1, yaml: "/nowhere/run.yaml")
    }
    #expect(error.description.contains("/nowhere/run.yaml"))
  }
}

struct ScheduleTests {
  /// Values of OpenAI's `warmup_cosine` and `warmup_linear` (finetune-transformer-lm, opt.py), read at (t − 1)/T.
  @Test func equalsOpenAIs() {
    #expect(Schedule.cosine.factor(step: 1, steps: 100, warmUp: 10) == 0)
    #expect(Schedule.cosine.factor(step: 6, steps: 100, warmUp: 10) == 0.5)
    #expect(Schedule.cosine.factor(step: 11, steps: 100, warmUp: 10) == 1)
    #expect(abs(Schedule.cosine.factor(step: 51, steps: 100, warmUp: 10) - 0.5) < 1e-12)
    #expect(abs(Schedule.linear.factor(step: 51, steps: 100, warmUp: 10) - 0.5) < 1e-12)
    #expect(Schedule.linear.factor(step: 1, steps: 100, warmUp: 0) == 1)
    #expect(Schedule.constant.factor(step: 100, steps: 100, warmUp: 10) == 1)
  }

  /// 1 after the warm-up, then a line to 0 over the last fifth.
  @Test func aTrapezoidFallsAtItsEnd() {
    let schedule = Schedule.trapezoid(decay: 0.2)
    #expect(schedule.factor(step: 6, steps: 100, warmUp: 10) == 0.5)
    for step in [12, 50, 80] {
      #expect(schedule.factor(step: step, steps: 100, warmUp: 10) == 1)
    }
    #expect(abs(schedule.factor(step: 91, steps: 100, warmUp: 10) - 0.5) < 1e-12)
    #expect(abs(schedule.factor(step: 100, steps: 100, warmUp: 10) - 0.05) < 1e-12)
  }

  @Test func parametersStandBehindTheWordAndComeBack() throws {
    for schedule in Schedule.allCases + [.trapezoid(decay: 0.05), .trapezoid(decay: 1)] {
      #expect(Schedule(rawValue: schedule.rawValue) == schedule)
      let config = try RunConfig.resolve(
        preset: .debug, flags: ["schedule": schedule.rawValue])
      #expect(config.schedule == schedule)
      #expect(try config.yaml.contains("schedule: \(schedule.rawValue)\n"))
    }
    for word in [
      "", "cosine:0.1", "trapezoid", "trapezoid:", "trapezoid:0", "trapezoid:1.5",
      "trapezoid:nan", "trapezoid:0.1:2",
    ] {
      #expect(Schedule(rawValue: word) == nil, "\(word)")
    }
  }
}
