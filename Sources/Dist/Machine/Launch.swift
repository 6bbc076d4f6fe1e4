/// The start of this process, as its environment describes it: the launcher, the number of processes, and the index of this one.
public struct Launch: Sendable, Equatable, Codable {
  /// Programs that start ranks.
  public enum Launcher: String, Sendable, Codable {
    /// Open MPI's mpirun.
    case mpirun
    /// Slurm's srun.
    case srun
    /// Another MPI's mpiexec: MPICH's, Intel's.
    case mpiexec
  }

  /// The program that started it; nil for a shell.
  public let launcher: Launcher?
  /// Processes that were started together.
  public let processes: Int
  /// This one among them, from 0.
  public let index: Int
  /// True if srun gave it no way to find the other processes.
  private let isWithoutPMI: Bool

  /// - Parameter environment: of the process before `MPI.run`, which may add to it
  public init(environment: [String: String]) {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    let hasPMI = environment.keys.contains { $0.hasPrefix("PMIX_") || $0.hasPrefix("PMI_") }
    // Open MPI first: its ranks on other nodes are children of a step of Slurm's, of which there is one a node.
    if let size = number("OMPI_COMM_WORLD_SIZE") {
      (launcher, processes) = (.mpirun, size)
      index = number("OMPI_COMM_WORLD_RANK") ?? 0
    } else if number("SLURM_STEP_ID") != nil, let tasks = number("SLURM_STEP_NUM_TASKS") {
      // A batch script has SLURM_NTASKS too, but no step: what it starts itself is one process.
      (launcher, processes) = (.srun, tasks)
      index = number("SLURM_PROCID") ?? 0
    } else if let size = number("PMI_SIZE") {
      (launcher, processes) = (.mpiexec, size)
      index = number("PMI_RANK") ?? 0
    } else {
      (launcher, processes, index) = (nil, 1, 0)
    }
    isWithoutPMI = launcher == .srun && !hasPMI
  }

  /// True if srun started this process alone and without a PMI: MPI's world is this process.
  var isAloneWithoutPMI: Bool { isWithoutPMI && processes == 1 }

  /// A message if MPI cannot start in processes that srun started, with what to do; nil if it can. Open MPI's own message is long,
  /// and every process prints it.
  var obstacle: String? {
    guard isWithoutPMI, processes > 1 else { return nil }
    return
      "srun started \(processes) processes without PMI, which MPI ranks need to find each other: "
      + Launch.remedy
  }

  private static let remedy =
    "start it with `srun --mpi=pmix` (`srun --mpi=list` shows whether Slurm supports it), or with mpirun; "
    + "to run one process alone: `mpirun -n 1 gpt1-dist …`"

  /// A message if processes that were started together do not see each other in MPI's world of `size` ranks, with what to do; nil if
  /// they do. Without this check each process would do the whole work alone, and all would write to the same files.
  public func separation(worldSize size: Int) -> String? {
    guard let launcher, processes > 1, size < processes else { return nil }
    let found =
      "\(launcher.rawValue) started \(processes) processes, but MPI sees "
      + (size == 1 ? "each of them alone" : "only \(size) of them together")
    return switch launcher {
    case .srun:
      "\(found), for srun's PMI is not that of this program's MPI: " + Launch.remedy
    case .mpirun, .mpiexec:
      "\(found): this \(launcher.rawValue) is not that of the MPI which the program is linked with "
        + "(\(MPI.libraryVersion)): start it with that one's mpirun"
    }
  }
}
