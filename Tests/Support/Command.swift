import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A program run by a test: in a process group of its own, with a time limit, nothing of it left
/// behind.
public struct Command {
  /// What is left of a program that ended, or was ended.
  public struct Outcome: Sendable {
    /// The exit status; 128 + n where signal n ended it, as in a shell.
    public let status: Int32

    /// Everything it wrote to standard output.
    public let output: String

    /// Everything it wrote to standard error.
    public let errors: String

    /// From its start to its end.
    public let seconds: Double

    /// Whether its time was up; it was killed then.
    public let timedOut: Bool
  }

  /// The program, found by `PATH` where it has no slash, and its arguments.
  public var arguments: [String]

  /// Added to this process's environment.
  public var environment: [String: String]

  /// The folder that it runs in; this process's own where nil.
  public var folder: String?

  /// The seconds after which its whole group is killed.
  public var limit: Double

  /// A command that has not run yet.
  public init(
    _ arguments: [String], environment: [String: String] = [:], folder: String? = nil,
    limit: Double = 60
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
    environment: [String: String] = [:], limit: Double = 60
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

  /// Runs the program to its end, or to the end of its time.
  ///
  /// - Parameter meanwhile: called once, with the process id (which is also that of its group) and
  ///   a look at the standard output so far, while the program runs.
  public func run(
    meanwhile: ((_ process: pid_t, _ output: () -> String) -> Void)? = nil
  ) throws -> Outcome {
    let scratch = FileManager.default.temporaryDirectory
      .appendingPathComponent("command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    let (output, errors) = (scratch.appending(path: "output"), scratch.appending(path: "errors"))
    // Files, not pipes: nothing blocks on a full one, and nobody who inherits one keeps us waiting.
    func text(_ file: URL) -> String {
      String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
    }

    let start = ContinuousClock.now
    func seconds() -> Double { (ContinuousClock.now - start) / .seconds(1) }
    let process = try spawn(output: output.path, errors: errors.path)
    meanwhile?(process) { text(output) }

    var (status, timedOut) = (Int32(0), false)
    while waitpid(process, &status, WNOHANG) == 0 {
      if !timedOut, seconds() > limit {
        timedOut = true
        Command.killTree(process)
      }
      usleep(10_000)
    }
    let elapsed = seconds()
    // Whoever is left of its group once it has ended was left behind.
    kill(-process, SIGKILL)
    let signal = status & 0x7f
    return Outcome(
      status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: text(output),
      errors: text(errors), seconds: elapsed, timedOut: timedOut)
  }

  private func spawn(output: String, errors: String) throws -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    posix_spawnattr_setpgroup(&attributes, 0)
    // Tests run on Dispatch's threads, which block all signals, and a program inherits that.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // env(1) changes the folder and becomes the program.
    let arguments = (folder.map { ["env", "-C", $0] } ?? []) + arguments
    var argv = arguments.map { strdup($0) } + [nil]
    var envp = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var process: pid_t = 0
    let status = posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp)
    guard status == 0 else {
      throw CommandError(description: "\(arguments[0]): \(String(cString: strerror(status)))")
    }
    return process
  }

  /// Kills `process`, its group, and its children's groups: mpirun gives each rank a group of its
  /// own.
  private static func killTree(_ process: pid_t) {
    let children = children(of: process)
    kill(-process, SIGKILL)
    for child in children { killTree(child) }
  }

  /// Whether `process` ends within `seconds`; one that nobody has waited for yet has ended.
  public static func ends(_ process: pid_t, within seconds: Double = 3) -> Bool {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < .seconds(seconds) {
      // "pid (name) state …", and the name may have brackets of its own.
      let path = "/proc/\(process)/stat"
      let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      guard let bracket = text.lastIndex(of: ")") else { return true }
      if "ZX".contains(text[bracket...].dropFirst(2).prefix(1)) { return true }
      usleep(20_000)
    }
    return false
  }

  /// The processes that `process` has started and that have not been waited for.
  public static func children(of process: pid_t) -> [pid_t] {
    let path = "/proc/\(process)/task/\(process)/children"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: " ").compactMap { pid_t($0) }
  }
}

/// A program that could not be started.
public struct CommandError: Error, CustomStringConvertible {
  /// The program and the reason.
  public let description: String
}

/// What `swift build` made, beside the running test bundle.
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
    throw CommandError(
      description: "\(name) is not beside the test bundle: \(CommandLine.arguments)")
  }

  private static func isFolder(_ path: String) -> Bool {
    var folder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &folder) && folder.boolValue
  }
}

/// Calls `body` with a new empty folder that is removed afterwards.
public func withTemporaryFolder<T>(_ body: (String) throws -> T) throws -> T {
  let folder = FileManager.default.temporaryDirectory.appending(path: "test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}
