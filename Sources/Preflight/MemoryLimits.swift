import Buffers
import Dist
import Foundation

/// The limits on the memory of this process, and of all ranks of the node together, with their sources.
package struct MemoryLimits: Sendable, Equatable, Codable {
  /// A limit on this process alone, and the part of it that is used.
  package struct Own: Sendable, Equatable, Codable {
    package var value: Int
    package var used: Int

    /// Creates a limit.
    package init(_ value: Int, used: Int) { (self.value, self.used) = (value, used) }
  }

  /// Bytes of memory of the node.
  package var machine = 1 << 34
  /// Bytes that are free, or that the system would free if they are needed.
  package var available = 1 << 34
  /// The tightest limit of a control group; nil without one.
  package var group: ControlGroups.Limit?
  /// Bytes that the system will still commit, if it commits no more than it has; nil otherwise.
  package var commitRoom: Int?
  /// The limits on this process's address space and on its data; nil without a limit.
  package var addressSpace, data: Own?

  /// A node with 16 GiB and no limits.
  package init() {}

  /// The present limits of this process.
  package static var now: MemoryLimits {
    let system = SystemFiles()
    var limits = MemoryLimits()
    limits.machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    limits.available = system.memoryAvailable ?? limits.machine
    limits.group = system.controlGroups.memory
    limits.commitRoom = system.commitRoom
    limits.addressSpace = ProcessLimit.addressSpace.value.map {
      Own($0, used: system.status("VmSize") ?? 0)
    }
    limits.data = ProcessLimit.data.value.map { Own($0, used: system.status("VmData") ?? 0) }
    return limits
  }
}
