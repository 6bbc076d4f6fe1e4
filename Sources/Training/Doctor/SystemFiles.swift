import Dist
import Files
import Foundation

/// What Linux says of the machine in `/proc` and `/sys`; elsewhere as little as can be said.
package struct SystemFiles {
  private let root: String
  private let environment: [String: String]

  /// - Parameter root: the folder that stands in for `/`, in tests
  package init(
    root: String = "", environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.root = root
    self.environment = environment
  }

  private func text(_ path: String) -> String? {
    let path = root + path
    return Path.exists(path) ? try? FileReader.text(of: path) : nil
  }

  private func names(in folder: String) -> [String] {
    let folder = root + folder
    return Path.isFolder(folder) ? (try? FolderCommit.contents(of: folder)) ?? [] : []
  }

  private func line(_ path: String) -> String? {
    text(path)?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The value after `label:` in a file of such lines.
  private func value(_ label: String, in path: String) -> String? {
    let line = text(path)?.split(separator: "\n").first {
      $0.hasPrefix(label) && $0.dropFirst(label.count).drop { " \t".contains($0) }.first == ":"
    }
    return line?.split(separator: ":", maxSplits: 1).last.map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  /// CPUs that are switched on, or as many as Slurm gave the job here.
  package var processors: Int {
    let online = line("/sys/devices/system/cpu/online").map { Affinity.cpus(inList: $0).count } ?? 0
    let all = online > 0 ? online : ProcessInfo.processInfo.processorCount
    return min(all, environment["SLURM_CPUS_ON_NODE"].flatMap { Int($0) } ?? all)
  }

  /// The processor's name.
  package var cpuModel: String { value("model name", in: "/proc/cpuinfo") ?? "unnamed processor" }

  /// OpenBLAS's name of the kernels with the widest instructions that the CPU has; nil where it has none of these, or no flags.
  package var bestKernels: String? {
    let flags = Set((value("flags", in: "/proc/cpuinfo") ?? "").split(separator: " "))
    if flags.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"]) {
      return "SkylakeX"
    }
    return flags.isSuperset(of: ["avx2", "fma"]) ? "Haswell" : nil
  }

  /// The load average of a minute.
  package var load: Double {
    line("/proc/loadavg")?.split(separator: " ").first.flatMap { Double($0) } ?? 0
  }

  /// Bytes that are free, or that the system would give up; nil where it does not say.
  package var memoryAvailable: Int? {
    value("MemAvailable", in: "/proc/meminfo")?.split(separator: " ").first
      .flatMap { Int($0) }.map { $0 * 1_024 }
  }

  /// The least memory that a control group around this process allows; nil without a limit.
  package var memoryLimit: Int? {
    let groups = (text("/proc/self/cgroup") ?? "").split(separator: "\n").compactMap { line in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      return fields.count == 3 ? (controllers: fields[1], path: String(fields[2])) : nil
    }
    var limits: [Int] = []
    for group in groups {
      let isSecond = group.controllers.isEmpty
      guard isSecond || group.controllers.split(separator: ",").contains("memory") else { continue }
      let top = isSecond ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
      let file = isSecond ? "memory.max" : "memory.limit_in_bytes"
      var path = group.path
      while true {
        // "max" is no number, and version 1 says nearly 2⁶³.
        if let limit = line("\(top)\(path)/\(file)").flatMap({ Int($0) }), limit < 1 << 60 {
          limits.append(limit)
        }
        guard path.count > 1 else { break }
        path = (path as NSString).deletingLastPathComponent
      }
    }
    return limits.min()
  }

  /// A soft limit of `/proc/self/limits`; nil where it is unlimited.
  package func limit(_ name: String) -> Int? {
    text("/proc/self/limits")?.split(separator: "\n").first { $0.hasPrefix(name) }?
      .dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }
  }

  /// Whether there is a network that ranks hand memory to directly.
  package var hasInfiniBand: Bool {
    !names(in: "/sys/class/infiniband").isEmpty
  }

  /// `always`, `madvise` or `never`.
  package var largePages: String? {
    line("/sys/kernel/mm/transparent_hugepage/enabled")?
      .firstMatch(of: /\[(\w+)\]/).map { String($0.1) }
  }

  /// The first CPU's governor, unless its driver is one that chooses well under any.
  package var governor: String? {
    let folder = "/sys/devices/system/cpu/cpu0/cpufreq"
    let driver = line("\(folder)/scaling_driver") ?? ""
    return ["intel_pstate", "amd-pstate-epp"].contains(driver)
      ? nil : line("\(folder)/scaling_governor")
  }

  /// CPUs of each NUMA node.
  package var memories: [[Int]] {
    let folder = "/sys/devices/system/node"
    return names(in: folder).filter { $0.wholeMatch(of: /node[0-9]+/) != nil }.sorted()
      .compactMap { line("\(folder)/\($0)/cpulist").map { Affinity.cpus(inList: $0) } }
      .filter { !$0.isEmpty }
  }
}
