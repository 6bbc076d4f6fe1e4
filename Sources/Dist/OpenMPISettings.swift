#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Settings of Open MPI that a training run is better off with than with the library's own.
enum OpenMPISettings {
  /// By name; each is read in `MPI_Init`.
  private static let values = [
    // Rabenseifner's algorithm: every link carries its share both ways at once, in few rounds. Open MPI 4's own choice for sums in
    // place sends everything to one rank and back.
    "coll_libnbc_iallreduce_algorithm": "3"
  ]

  /// To be called before `MPI_Init`; what the user has set stays.
  static func apply() {
    for (name, value) in values { unsafe setenv("OMPI_MCA_\(name)", value, 0) }
  }
}
