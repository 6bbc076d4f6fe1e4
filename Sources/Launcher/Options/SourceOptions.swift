import ArgumentParser
import Configuration
import Files
import Training

/// The sources of a run's configuration besides its flags.
struct SourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A YAML file of keys and values; the keys are the names of the flags.", valueName: "yaml"))
  var config: String?
  @Option(
    help: "gpt1 (the paper's), mini (minutes on 2 cores) or debug (seconds). (default: gpt1)")
  var preset: RunConfig.Preset?

  /// The configuration that results from these sources and `flags`.
  func resolve(
    _ kind: RunConfig.Kind, _ flags: [String: String]
  ) throws(UsageError) -> RunConfig {
    try RunConfig.resolve(kind, preset: preset, yaml: config, flags: flags)
  }
}

extension RunConfig.Preset: ExpressibleByArgument {}
