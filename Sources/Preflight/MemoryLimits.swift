import Buffers
import Dist
import Foundation

/// The memory that the processes of a node may have, this one and all ranks together, and who says so.
package struct MemoryLimits: Sendable, Equatable, Codable {
  /// A limit on this process alone, and what of it is used.
  package struct Own: Sendable, Equatable, Codable {
    package var value: Int
    package var used: Int

    /// A limit.
    package init(_ value: Int, used: Int) { (self.value, self.used) = (value, used) }
  }

  /// Bytes of the machine.
  package var machine = 1 << 34
  /// Bytes that are free, or that the system would give up.
  package var available = 1 << 34
  /// The tightest one of a control group; nil without one.
  package var group: ControlGroups.Limit?
  /// Bytes that may still be promised, where the system promises no more than it has.
  package var commitRoom: Int?
  /// Of this process's addresses, and of what it writes to; nil without a limit.
  package var addressSpace, data: Own?

  /// Those of a machine of 16 GiB that limits nobody.
  package init() {}

  /// Those of this process, now.
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
