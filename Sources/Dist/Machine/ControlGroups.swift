import Foundation

/// The control groups that this process is in, from its own to the outermost that it sees, of version 1 or 2.
package struct ControlGroups {
  /// A limit that a group sets.
  package struct Limit: Sendable, Equatable, Codable {
    /// The most that the processes of the group may have together.
    package var value: Int
    /// The amount in use; 0 if it was not asked for.
    package var used: Int
    /// The file and the group that set it: `memory.max of /slurm/job_7`.
    package var name: String

    /// A limit.
    package init(_ value: Int, used: Int = 0, name: String) {
      (self.value, self.used, self.name) = (value, used, name)
    }
  }

  private let system: SystemFiles

  /// The groups that `system` shows.
  package init(_ system: SystemFiles) { self.system = system }

  /// A group as one of the two versions shows it.
  struct Group {
    package let path: String
    let folder: String
    let isOfVersion2: Bool
  }

  /// The groups that may limit what `controller` controls, the process's own first.
  func groups(_ controller: String) -> [Group] {
    let lines = (system.text("/proc/self/cgroup") ?? "").split(separator: "\n")
    return lines.flatMap { line -> [Group] in
      // "0::/path" is version 2; "4:cpu,cpuacct:/path" is version 1.
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      let isOfVersion2 = fields[1].isEmpty
      guard isOfVersion2 || fields[1].split(separator: ",").contains(Substring(controller)) else {
        return []
      }
      let top = "/sys/fs/cgroup" + (isOfVersion2 ? "" : "/\(controller)")
      var groups: [Group] = []
      var path = String(fields[2])
      while true {
        groups.append(Group(path: path, folder: top + path, isOfVersion2: isOfVersion2))
        guard path.count > 1 else { return groups }
        path = (path as NSString).deletingLastPathComponent
      }
    }
  }

  /// The least memory that a group allows; nil without a limit.
  ///
  /// `memory.high` counts too: beyond it, processes are slowed down until nothing moves.
  package var memory: Limit? {
    groups("memory").flatMap { group in
      let files = group.isOfVersion2 ? ["memory.max", "memory.high"] : ["memory.limit_in_bytes"]
      return files.compactMap { file in
        number(group, file).map { Limit($0, name: "\(file) of \(group.path)") }
      }
    }.min { $0.value < $1.value }
  }

  /// The limit on processes and threads that leaves room for the fewest; nil without one.
  package var processes: Limit? {
    groups("pids").compactMap { group in
      number(group, "pids.max").map {
        Limit($0, used: number(group, "pids.current") ?? 0, name: "pids.max of \(group.path)")
      }
    }.min { $0.value - $0.used < $1.value - $1.used }
  }

  /// The number in a file of a group; nil where there is none: "max" is no number, and version 1 says nearly 2⁶³.
  private func number(_ group: Group, _ file: String) -> Int? {
    system.text("\(group.folder)/\(file)").flatMap {
      Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }.flatMap {
      $0 < 1 << 60 ? $0 : nil
    }
  }
}
