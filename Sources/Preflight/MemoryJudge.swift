import Buffers
import Console

/// The only judge of memory: compares the need with the limits, for runs before they take anything, for `--dry-run` and for `doctor`.
package enum MemoryJudge {
  /// A finding because of which something is refused, and its remedy.
  package struct Refusal: Sendable, Equatable {
    /// A sentence without its full stop.
    package let finding: String
    package let remedy: String

    /// Finding and remedy.
    package var sentence: String { "\(finding): \(remedy)" }
  }

  /// Bytes of address space for what is not counted: the code of libraries that are loaded late, MPI, small allocations.
  static let margin = 48 << 20

  /// The refusal if something does not fit; nil if everything fits.
  ///
  /// - Parameters:
  ///   - need: the need of each rank on the node
  ///   - ranks: the number of ranks on the node
  ///   - hasRoot: true if rank 0, which has the snapshot, is one of them
  ///   - isRoot: true if the process that `limits` are about is rank 0
  package static func refusal(
    _ need: MemoryNeed, ranks: Int = 1, hasRoot: Bool = true, isRoot: Bool = true,
    limits: MemoryLimits
  ) -> Refusal? {
    shared(need, ranks: ranks, snapshot: hasRoot ? need.snapshot : 0, limits)
      ?? own(need, snapshot: isRoot ? need.snapshot : 0, limits)
  }

  /// The refusal by limits on all ranks of the node together.
  private static func shared(
    _ need: MemoryNeed, ranks: Int, snapshot: Int, _ limits: MemoryLimits
  ) -> Refusal? {
    let all = sum(product(need.bytes, ranks), snapshot)
    let finding =
      "a rank needs \(gigabytes(need.bytes))"
      + (snapshot > 0 ? ", rank 0 \(gigabytes(snapshot)) more" : "")
      + (ranks > 1 ? ", the \(ranks) ranks of the node \(gigabytes(all))" : "")
    if let group = limits.group, group.value < limits.machine, all > group.value {
      return Refusal(
        finding:
          "\(finding), but the control group allows \(gigabytes(group.value)) (\(group.name)) and the kernel would kill a rank",
        remedy: "ask for more memory (Slurm's --mem), " + smaller)
    }
    if all > limits.machine {
      return Refusal(
        finding: "\(finding), but the node has \(gigabytes(limits.machine))", remedy: smaller)
    }
    let promised = sum(
      product(need.floats + need.threadAddresses, ranks), snapshot)
    if let room = limits.commitRoom, promised > room {
      return Refusal(
        finding:
          "\(finding), \(gigabytes(promised)) with all reserved memory, but the system will commit only "
          + "\(gigabytes(room)) more (vm.overcommit_memory is 2)",
        remedy: "set vm.overcommit_memory to 0, give fewer --threads, " + smaller)
    }
    return nil
  }

  /// The refusal by limits on this process.
  private static func own(_ need: MemoryNeed, snapshot: Int, _ limits: MemoryLimits) -> Refusal? {
    let more = need.floats + snapshot
    let cases: [(ProcessLimit, MemoryLimits.Own?, mapped: Int, String)] = [
      (.addressSpace, limits.addressSpace, need.mapped, "of address space"),
      (.data, limits.data, 0, "of data"),
    ]
    for (limit, own, mapped, what) in cases {
      guard let own else { continue }
      let needed = more + mapped + need.threadAddresses + margin
      guard needed > own.value - own.used else { continue }
      return Refusal(
        finding:
          "this process has \(gigabytes(own.used)) \(what) and needs \(gigabytes(needed)) more, "
          + (need.threads == 0
            ? ""
            : "\(gigabytes(need.threadAddresses)) of it for the stack and the OpenBLAS workspace of "
              + "\(counted(need.threads, "thread")), ")
          + "but may have only \(gigabytes(own.value)) (\(limit.text(own.value)))",
        remedy: limit.remedy
          + (need.threads == 0 ? "" : ", or give fewer --threads or a smaller model"))
    }
    return nil
  }

  private static let smaller =
    "start fewer ranks per node, or give --recompute, a smaller --micro-batch or a smaller model"

  /// The sum, or the largest number if it overflows.
  private static func sum(_ one: Int, _ other: Int) -> Int {
    let (sum, overflows) = one.addingReportingOverflow(other)
    return overflows ? .max : sum
  }

  private static func product(_ one: Int, _ other: Int) -> Int {
    let (product, overflows) = one.multipliedReportingOverflow(by: other)
    return overflows ? .max : product
  }
}
