import Foundation
import TestSupport
import Testing

/// `cluster/testbed`, or the Slurm above it, as tests use them.
enum VirtualNodes: String {
  case plain = "cluster/testbed"
  case slurm = "cluster/slurm/testbed"

  /// The reason why this machine cannot make virtual nodes, as the script states it; nil if it can.
  var obstacle: String? {
    do {
      let check = try Command(["\(Repository.path)/\(rawValue)", "--check"]).run()
      return check.status == 0 ? nil : check.errors
    } catch { return "\(error)" }
  }

  /// Runs `arguments` on the first node, or in the shell there where they are one script.
  ///
  /// - Parameter meanwhile: called with the process of the script of this name
  func run(
    _ arguments: [String], options: [String] = [], environment more: [String: String] = [:],
    in sandbox: Sandbox, limit: Double = 240,
    meanwhile: ((_ process: pid_t, _ output: () -> String) -> Void)? = nil
  ) throws -> Command.Outcome {
    let environment = [
      "GPT1_DIST": try Products.executable("gpt1-dist"), "SANDBOX": sandbox.folder,
    ].merging(more) { $1 }
    let command =
      arguments.count == 1
      ? ["bash", "-c", "set -euo pipefail; cd \(Repository.path); \(arguments[0])"] : arguments
    return try Command(
      ["\(Repository.path)/\(rawValue)"] + options + ["--"] + command, environment: environment,
      folder: sandbox.folder, limit: limit
    ).run(meanwhile: meanwhile)
  }

  /// Leftovers of virtual nodes on the machine: interfaces, mounts, folders.
  static func traces() -> Set<String> {
    let files = FileManager.default
    let interfaces = (try? files.contentsOfDirectory(atPath: "/sys/class/net")) ?? []
    let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
    let folders = ["/run/testbed", "/run/netns"].flatMap { folder in
      ((try? files.contentsOfDirectory(atPath: folder)) ?? []).map { "\(folder)/\($0)" }
    }
    return Set(interfaces + folders)
      .union(mounts.split(separator: "\n").map(String.init).filter { $0.contains("testbed") })
  }

  /// The processes in the process namespace that `output` names as "pid:[…]", once they had 3 s to end.
  static func processes(of output: String) throws -> [pid_t] {
    let space = try #require(
      output.split(whereSeparator: \.isNewline).first { $0.hasPrefix("pid:[") })
    let all = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }
    return all.filter { process in
      let own = try? FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/\(process)/ns/pid")
      return own == String(space) && !Command.ends(process)
    }
  }
}
