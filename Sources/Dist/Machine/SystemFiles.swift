import Files
import Foundation

/// The facts about the machine in Linux's `/proc` and `/sys`; on other systems as few as are known.
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

  /// The whole file; nil if it is missing or cannot be read.
  func text(_ path: String) -> String? {
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
  package func value(_ label: String, in path: String) -> String? {
    let line = text(path)?.split(separator: "\n").first {
      $0.hasPrefix(label) && $0.dropFirst(label.count).drop { " \t".contains($0) }.first == ":"
    }
    return line?.split(separator: ":", maxSplits: 1).last.map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  /// The bytes after `label:`, where the file says `2048 kB`.
  private func kibibytes(_ label: String, in path: String) -> Int? {
    value(label, in: path)?.split(separator: " ").first.flatMap { Int($0) }.map { $0 * 1_024 }
  }

  /// CPUs that are switched on, or as many as Slurm gave the job here.
  package var processors: Int {
    let online = line("/sys/devices/system/cpu/online").map { Affinity.cpus(inList: $0).count } ?? 0
    let all = online > 0 ? online : ProcessInfo.processInfo.processorCount
    return min(all, environment["SLURM_CPUS_ON_NODE"].flatMap { Int($0) } ?? all)
  }

  /// The name of the CPU.
  package var cpuModel: String { value("model name", in: "/proc/cpuinfo") ?? "unnamed processor" }

  /// The instruction sets of the CPU by their Linux names, `avx2` for example; empty where the system does not list them.
  package var instructions: Set<String> {
    Set((value("flags", in: "/proc/cpuinfo") ?? "").split(separator: " ").map(String.init))
  }

  /// The load average of a minute.
  package var load: Double {
    line("/proc/loadavg")?.split(separator: " ").first.flatMap { Double($0) } ?? 0
  }

  /// Bytes that are free, or that the system would give up; nil where it does not say.
  package var memoryAvailable: Int? {
    kibibytes("MemAvailable", in: "/proc/meminfo")
  }

  /// The control groups around this process.
  package var controlGroups: ControlGroups { ControlGroups(self) }

  /// A size of this process in bytes from `/proc/self/status`: `VmRSS`, `VmHWM`, `VmSize`, `VmData`; nil if it is missing there.
  package func status(_ label: String) -> Int? { kibibytes(label, in: "/proc/self/status") }

  /// Bytes that may still be promised to processes, where the system promises no more than it has; nil where it does.
  package var commitRoom: Int? {
    guard line("/proc/sys/vm/overcommit_memory") == "2",
      let most = kibibytes("CommitLimit", in: "/proc/meminfo"),
      let promised = kibibytes("Committed_AS", in: "/proc/meminfo")
    else { return nil }
    return most - promised
  }

  /// A soft limit of `/proc/self/limits`; nil where it is unlimited.
  package func limit(_ name: String) -> Int? {
    text("/proc/self/limits")?.split(separator: "\n").first { $0.hasPrefix(name) }?
      .dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }
  }

  /// True if there is a network that ranks hand memory to directly.
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
