#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Settings of Open MPI that a training run is better off with than with the library's own.
enum OpenMPISettings {
  /// By name; each is read in `MPI_Init`.
  private static let values = [
    // A ring, in which every link carries the same both ways at once; Open MPI 4's own choice for sums in place sends everything to
    // one rank and back. Of a gradient over 1 Gb/s links, polled every 10 ms, 2, 4 and 6 nodes sum 88, 59 and 45 MB/s by the ring, 53,
    // 26 and 17 by Open MPI's choice; recursive doubling 94, 42 and 22; Rabenseifner's algorithm 87, 57 and 28.
    "coll_libnbc_iallreduce_algorithm": "1"
  ]

  /// To be called before `MPI_Init`; what the user has set stays.
  static func apply() {
    for (name, value) in values { unsafe setenv("OMPI_MCA_\(name)", value, 0) }
  }

  /// Runs `body`, which begins MPI. Open MPI takes a process in a shell of srun's for a rank of srun's and looks for a PMI; where `launch`
  /// is one process without it, Slurm's variables that say so are hidden meanwhile.
  static func hidingSlurm(
    of launch: Launch, _ body: () throws(MPIError) -> Void
  ) throws(MPIError) {
    guard launch.isAloneWithoutPMI else { return try body() }
    let hidden = ["SLURM_NODELIST", "SLURM_STEP_ID"].map { (name: String) in
      (name, unsafe getenv(name).map { unsafe String(cString: $0) })
    }
    for (name, _) in hidden { unsafe unsetenv(name) }
    defer { for case (let name, let value?) in hidden { unsafe setenv(name, value, 1) } }
    try body()
  }
}
