import Foundation
import TestSupport

/// A small version of what a reader of the documents has: stand-ins that add small settings and pass all else on to the
/// real programs.
enum TourFolder {
  static func environment(_ folder: String) -> [String: String] {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return [
      "PATH": "\(folder)/bin:\(path)", "TOUR": folder, "TMPDIR": folder,
      "OMPI_ALLOW_RUN_AS_ROOT": "1",
      "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
    ]
  }

  static func fill(_ sandbox: Sandbox) throws {
    let files = FileManager.default
    for folder in [
      "bin", ".build/release", "corpus", "SST-2", "RTE", "COPA", "TASKS/cola", "TASKS/copa",
    ] {
      try files.createDirectory(atPath: sandbox.path(folder), withIntermediateDirectories: true)
    }
    for folder in ["cluster", "hostfiles"] {
      try files.copyItem(atPath: "\(Repository.path)/\(folder)", toPath: sandbox.path(folder))
    }
    for (name, text) in try programs(sandbox.folder) { try writeProgram(text, to: name, sandbox) }
    for (name, text) in settings { try sandbox.write(text, to: name) }
    for (index, name) in [
      "austen-emma", "austen-prideprejudice", "austen-sensesensibility", "bible-kjv",
    ]
    .enumerated() {
      // Paragraphs of 100 to 400 characters, a line each.
      let sentences = Corpus.text(sentences: 240, seed: UInt64(index + 1)).split(separator: "\n")
      let lines = stride(from: 0, to: sentences.count, by: 3).map {
        sentences[$0..<min($0 + 3, sentences.count)].joined(separator: " ")
      }
      try sandbox.write(lines.joined(separator: "\n") + "\n", to: "corpus/\(name).txt")
    }
    try writeTasks(sandbox)
  }

  private static func writeProgram(_ text: String, to name: String, _ sandbox: Sandbox) throws {
    try sandbox.write(text, to: name)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: sandbox.path(name))
  }

  /// Stand-ins by path.
  private static func programs(_ folder: String) throws -> [(String, String)] {
    do {
      let program = try Products.executable("gpt1-dist")
      let cpu = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
      let bf16 = cpu.contains("avx512_bf16") ? "bf16" : "bf16-emulated"
      return [
        (
          ".build/release/gpt1-dist",
          """
          #!/bin/bash
          # The paper's shape and number of steps would take days, bf16 a newer processor, a benchmark a minute.
          command=${1:-}; shift || true
          arguments=() preset=gpt1 given=" $* " last=
          for argument in "$@"; do
            [[ $last == --preset ]] && preset=$argument
            [[ $last == --precision && $argument == bf16 ]] && argument=\(bf16)
            arguments+=("$argument") last=$argument
          done
          case $command in
            pretrain) [[ $given == *" --config "* ]] || arguments+=(--config "\(folder)/$preset.yaml") ;;
            replay) arguments=("${arguments[@]/#1500/60}") ;;
            bench | doctor) [[ $given == *" --preset "* ]] || arguments+=(--preset debug) ;;
          esac
          exec '\(program)' "$command" "${arguments[@]}"
          """
        ),
        (
          "bin/mpirun",
          """
          #!/bin/bash
          # Nobody here has the hosts of two-nodes.
          real=$(PATH=${PATH//"$TOUR/bin:"/} command -v mpirun)
          exec "$real" "${@//hostfiles\\/two-nodes/hostfiles/localhost}"
          """
        ),
        (
          "bin/sbatch",
          """
          #!/bin/bash
          # A cluster of Slurm's, for as long as the job takes.
          [[ ${SLURM_CONF:-} ]] && exec /usr/bin/sbatch "$@"
          exec cluster/slurm/testbed --cpus-per-node 16 -- bash -c '
            /usr/bin/sbatch --wait --output=job.log "$@"; status=$?; cat job.log >&2; exit $status' bash "$@"
          """
        ),
        ("bin/make", "#!/bin/bash\n[[ $1 != quickstart ]] || exec cluster/quickstart\n"),
        (
          "bin/swift",
          "#!/bin/bash\n[[ $* != *--show-bin-path* ]] || echo \"$TOUR/.build/release\"\n"
        ),
        ("cluster/setup", "#!/bin/bash\n"),
        ("cluster/corpus", "#!/bin/bash\n"),
      ]
    }
  }

  /// By preset.
  private static let settings = [
    ("gpt1.yaml", small + "steps: 20\ncheckpoint-every: 10\nvocabulary: 0\n"),
    ("mini.yaml", small + "steps: 100\n"), ("debug.yaml", "# as it is\n"),
  ]

  private static let small = """
    context: 16
    width: 16
    layers: 2
    heads: 2
    batch: 8
    micro-batch: 2
    evaluate-sequences: 4

    """

  private static func writeTasks(_ sandbox: Sandbox) throws {
    func lines(_ count: Int, _ line: (Int) -> String) -> String {
      (0..<count).map { line($0) + "\n" }.joined()
    }
    for (split, count) in [("train", 48), ("dev", 12), ("test", 12)] {
      let hidden = split == "test"
      try sandbox.write(
        (hidden ? "index\tsentence\n" : "sentence\tlabel\n")
          + lines(count) {
            hidden
              ? "\($0)\tthe road was dark"
              : "the \($0 % 2 == 0 ? "golden" : "dark") road\t\($0 % 2)"
          }, to: "SST-2/\(split).tsv")
      try sandbox.write(
        "index\tsentence1\tsentence2\(hidden ? "" : "\tlabel")\n"
          + lines(count) {
            "\($0)\tthe old king walked\tthe king walked"
              + (hidden ? "" : $0 % 2 == 0 ? "\tentailment" : "\tnot_entailment")
          }, to: "RTE/\(split).tsv")
      let sentence = "The king walked under the tree."
      try sandbox.write(
        hidden
          ? "index\tsentence\n" + lines(count) { "\($0)\t\(sentence)" }
          : lines(count) { "gj04\t\($0 % 2)\t\t\(sentence)" }, to: "TASKS/cola/\(split).tsv")
    }
    let items = lines(20) {
      """
      <item id="\($0 + 1)" asks-for="cause" most-plausible-alternative="\($0 % 2 + 1)">
      <p>The king was cold.</p><a1>It was winter.</a1><a2>It was summer.</a2>
      </item>
      """
    }
    for folder in ["COPA", "TASKS/copa"] {
      for name in ["copa-dev.xml", "copa-test.xml"] {
        try sandbox.write(
          "<?xml version=\"1.0\"?>\n<copa-corpus version=\"1.0\">\n\(items)</copa-corpus>\n",
          to: "\(folder)/\(name)")
      }
    }
  }
}
