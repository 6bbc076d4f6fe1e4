import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The CPUs and the CPU time that the operating system gives to this process.
public enum Affinity {
  /// The CPUs that this process may run on, ascending: its affinity mask, as Linux prints it.
  public static func cpus() -> [Int] {
    let list = SystemFiles().value("Cpus_allowed_list", in: "/proc/self/status")
    let found = list.map { cpus(inList: $0) } ?? []
    return found.isEmpty ? Array(0..<ProcessInfo.processInfo.activeProcessorCount) : found
  }

  /// The CPUs in a list like `0-3,8`, ascending.
  package static func cpus(inList list: some StringProtocol) -> [Int] {
    list.split(separator: ",").flatMap { part -> [Int] in
      let ends = part.split(separator: "-").map {
        Int($0.trimmingCharacters(in: .whitespaces))
      }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else {
        return []
      }
      return Array(first...last)
    }
  }

  /// The CPUs' worth of time that this process's control group may use, at least 1; nil where there
  /// is no limit.
  ///
  /// Read from version 2 (`cpu.max`, of the group and of those around it) or version 1
  /// (`cpu.cfs_quota_us`).
  public static func quota() -> Int? {
    let system = SystemFiles()
    return system.controlGroups.groups("cpu").compactMap { limit(inFolder: $0.folder, system) }
      .min()
  }

  /// The limit that the control group at `folder` sets; nil where it sets none.
  package static func limit(
    inFolder folder: String, _ system: SystemFiles = SystemFiles()
  ) -> Int? {
    func numbers(_ name: String) -> [Double?] {
      (system.text("\(folder)/\(name)") ?? "").split(whereSeparator: \.isWhitespace).map {
        Double($0)
      }
    }
    var pair = numbers("cpu.max")
    if pair.isEmpty { pair = numbers("cpu.cfs_quota_us") + numbers("cpu.cfs_period_us") }
    // "max" is no number, and version 1 says -1.
    guard pair.count == 2, let time = pair[0], let period = pair[1], time > 0, period > 0 else {
      return nil
    }
    return max(1, Int(time / period))
  }

  /// Lets ranks that wait inside MPI give way where there are more of them than CPUs.
  ///
  /// Open MPI does this by itself only where there are more ranks than *slots*, and a hostfile may
  /// promise more slots than there are CPUs. It reads the variable in `MPI_Init`; what the user has
  /// set stays.
  static func yieldWhenOversubscribed() {
    let ranks = ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_LOCAL_SIZE"].flatMap {
      Int($0)
    }
    if let ranks, ranks > ProcessInfo.processInfo.processorCount {
      unsafe setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0)
    }
  }
}
