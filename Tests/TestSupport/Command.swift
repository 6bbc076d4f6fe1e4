import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A program run by a test: in a process group of its own, with a time limit, nothing of it left
/// behind: all that it starts is known by a variable in its environment.
public struct Command: Sendable {
  /// The outcome of a program that ended or was killed.
  public struct Outcome: Sendable {
    /// The exit status; 128 + n where signal n ended it, as in a shell.
    public let status: Int32

    /// Everything it wrote to standard output.
    public let output: String

    /// Everything it wrote to standard error.
    public let errors: String

    /// From its start to its end.
    public let seconds: Double

    /// True if it was killed at its time limit.
    public let timedOut: Bool

    /// Processes that it had started and that had not ended some seconds after it; they were killed then.
    public let leftBehind: [pid_t]
  }

  /// The program, found by `PATH` where it has no slash, and its arguments.
  public var arguments: [String]

  /// Added to this process's environment.
  public var environment: [String: String]

  /// The folder that it runs in; this process's own where nil.
  public var folder: String?

  /// The seconds after which all that it started is killed: many, since they only end a hang.
  public var limit: Double

  /// A command that has not run yet.
  public init(
    _ arguments: [String], environment: [String: String] = [:], folder: String? = nil,
    limit: Double = 240
  ) {
    self.arguments = arguments
    self.environment = environment
    self.folder = folder
    self.limit = limit
  }

  /// `mpirun` with `ranks` of a program, also as root, also with more ranks than CPUs.
  ///
  /// - Parameter scratch: a folder of the test's own, for what Open MPI leaves behind when ranks
  ///   are killed.
  public static func mpirun(
    _ ranks: Int, _ program: [String], options: [String] = [], scratch: String,
    environment: [String: String] = [:], limit: Double = 240
  ) -> Command {
    var all = [
      "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
      "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_btl_vader_backing_directory": scratch,
      "TMPDIR": scratch,
    ]
    all.merge(environment) { $1 }
    return Command(
      ["mpirun", "-n", "\(ranks)"] + options + program, environment: all, limit: limit)
  }

  /// True if `PATH` has a program of that name.
  public static func isInstalled(_ program: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
    }
  }

  /// Runs the program to its end, or to the end of its time.
  ///
  /// - Parameter meanwhile: called once, with the process id (which is also that of its group) and
  ///   a look at the standard output so far, while the program runs.
  public func run(
    meanwhile: ((_ process: pid_t, _ output: () -> String) -> Void)? = nil
  ) throws -> Outcome {
    try withTemporaryFolder { try run(in: $0, meanwhile: meanwhile) }
  }

  private func run(
    in scratch: String, meanwhile: ((_ process: pid_t, _ output: () -> String) -> Void)?
  ) throws -> Outcome {
    let (output, errors) = ("\(scratch)/output", "\(scratch)/errors")
    // Files, not pipes: nothing blocks on a full one, and nobody who inherits one keeps us waiting.
    func text(_ file: String) -> String {
      String(decoding: (try? bytes(of: file)) ?? [], as: UTF8.self)
    }

    let start = ContinuousClock.now
    func seconds() -> Double { (ContinuousClock.now - start) / .seconds(1) }
    let tag = UUID().uuidString
    let process = try spawn(output: output, errors: errors, tag: tag)
    meanwhile?(process) { text(output) }

    var (status, timedOut) = (Int32(0), false)
    while waitpid(process, &status, WNOHANG) == 0 {
      if !timedOut, seconds() > limit {
        timedOut = true
        Command.sweep(tag, patience: 0)
      }
      usleep(10_000)
    }
    let elapsed = seconds()
    // Whoever is left once it has ended was left behind: mpirun gives each rank a group of its own, and a killed one leaves them.
    kill(-process, SIGKILL)
    let leftBehind = Command.sweep(tag, patience: timedOut ? 0 : 10)
    let signal = status & 0x7f
    return Outcome(
      status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: text(output),
      errors: text(errors), seconds: elapsed, timedOut: timedOut,
      leftBehind: leftBehind)
  }

  private func spawn(output: String, errors: String, tag: String) throws -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    posix_spawnattr_setpgroup(&attributes, 0)
    // Tests run on Dispatch's threads, which block all signals, and a program inherits that.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // Tests started in the background, or by nohup, ignore SIGINT or SIGHUP, and a program inherits that, too.
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    variables[Command.tagName] = tag
    // env(1) changes the folder and becomes the program.
    let arguments = (folder.map { ["env", "-C", $0] } ?? []) + arguments
    var argv = arguments.map { strdup($0) } + [nil]
    var envp = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var process: pid_t = 0
    let status = posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp)
    guard status == 0 else {
      throw SupportError("\(arguments[0]): \(String(cString: strerror(status)))")
    }
    return process
  }

  private static let tagName = "GPT1_TEST_COMMAND"

  /// Lets everything with `tag` in its environment end by itself for `patience` seconds, then kills it; returns what had to be killed,
  /// when all has ended.
  @discardableResult
  private static func sweep(_ tag: String, patience: Double) -> [pid_t] {
    let wanted = Data("\(tagName)=\(tag)".utf8)
    var killed: Set<pid_t> = []
    let start = ContinuousClock.now
    while true {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
      let left = names.compactMap { pid_t($0) }.filter { process in
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(process)/environ"),
          bytes.range(of: wanted) != nil
        else { return false }
        return !ends(process, within: 0)
      }
      if left.isEmpty { return killed.sorted() }
      if ContinuousClock.now - start >= .seconds(patience) {
        for process in left { kill(process, SIGKILL) }
        killed.formUnion(left)
      }
      usleep(10_000)
    }
  }

  /// True if `process` ends within `seconds`, a long time that only bounds a hang. A zombie has ended.
  public static func ends(_ process: pid_t, within seconds: Double = 30) -> Bool {
    let start = ContinuousClock.now
    while true {
      guard let state = state(of: process), !"ZX".contains(state) else { return true }
      guard ContinuousClock.now - start < .seconds(seconds) else { return false }
      usleep(min(20_000, UInt32(seconds * 1e6)))
    }
  }

  /// `R`, `S`, `T` and so on; nil for a process that there is not.
  private static func state(of process: pid_t) -> Character? {
    // "pid (name) state …", and the name may have brackets of its own.
    let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    guard let bracket = text.lastIndex(of: ")") else { return nil }
    return text[bracket...].dropFirst(2).first
  }

  /// The process below `process`, or itself, that has been stopped, once there is one; nil where `process` ends before.
  public static func stopped(below process: pid_t) -> pid_t? {
    while true {
      if let found = ([process] + descendants(of: process)).first(where: { state(of: $0) == "T" }) {
        return found
      }
      if ends(process, within: 0) { return nil }
      usleep(2_000)
    }
  }

  /// True if a signal that asks `process` to stop is pending.
  public static func isAsked(_ process: pid_t) -> Bool {
    let asking = [SIGHUP, SIGINT, SIGTERM, SIGUSR1].reduce(UInt64(0)) { $0 | 1 << UInt64($1 - 1) }
    let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    return status.split(separator: "\n").contains { line in
      guard line.hasPrefix("ShdPnd:") || line.hasPrefix("SigPnd:") else { return false }
      let mask = line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
      return mask & asking != 0
    }
  }

  /// Returns once `process` is asked to stop, or has ended.
  public static func awaitRequest(to process: pid_t) {
    while !isAsked(process), !ends(process, within: 0) { usleep(2_000) }
  }

  /// The children of `process`, theirs, and so on.
  public static func descendants(of process: pid_t) -> [pid_t] {
    children(of: process).flatMap { [$0] + descendants(of: $0) }
  }

  /// Number of times that the named thread of `process` went to sleep: it grows while the thread works; 0 if there is no such thread.
  public static func sleeps(of thread: String, in process: pid_t) -> Int {
    let folder = "/proc/\(process)/task"
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for task in tasks {
      let name = (try? String(contentsOfFile: "\(folder)/\(task)/comm", encoding: .utf8)) ?? ""
      guard name == thread + "\n" else { continue }
      let status = (try? String(contentsOfFile: "\(folder)/\(task)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
      return line?.split(separator: "\t").last.flatMap { Int($0) } ?? 0
    }
    return 0
  }

  /// The processes that `process` has started and that have not been waited for.
  public static func children(of process: pid_t) -> [pid_t] {
    let path = "/proc/\(process)/task/\(process)/children"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: " ").compactMap { pid_t($0) }
  }
}

/// Programs that `swift build` made, in the folder of the running test bundle.
public enum Products {
  /// The path of the executable `name`, in the folder that the running tests were built into.
  public static func executable(_ name: String) throws -> String {
    // The test runner is inside that folder or gets the bundle's path as an argument.
    for argument in CommandLine.arguments {
      var folder = URL(fileURLWithPath: argument)
      while folder.path.count > 1 {
        folder.deleteLastPathComponent()
        let path = folder.appending(path: name).path
        if FileManager.default.isExecutableFile(atPath: path), !isFolder(path) { return path }
      }
    }
    throw SupportError(
      "\(name) is not beside the test bundle: \(CommandLine.arguments)")
  }

  private static func isFolder(_ path: String) -> Bool {
    var folder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &folder) && folder.boolValue
  }
}
