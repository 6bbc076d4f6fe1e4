import Dist
import Preflight
import Testing

/// The one judge of memory, on machines, control groups and limits that nobody here has.
@Suite struct MemoryJudgeTests {
  /// 1 GB in all, and 0.5 GB more on rank 0.
  private let need = {
    var need = MemoryNeed()
    (need.floats, need.snapshot, need.threads) = (1_000_000_000, 500_000_000, 2)
    return need
  }()

  private func limits(_ edit: (inout MemoryLimits) -> Void) -> MemoryLimits {
    var limits = MemoryLimits()
    edit(&limits)
    return limits
  }

  private func refusal(
    ranks: Int = 1, hasRoot: Bool = true, isRoot: Bool = true,
    _ edit: (inout MemoryLimits) -> Void
  ) -> String? {
    MemoryJudge.refusal(
      need, ranks: ranks, hasRoot: hasRoot, isRoot: isRoot, limits: limits(edit))?.sentence
  }

  @Test func whatFitsIsNotRefused() {
    #expect(refusal { _ in } == nil)
    #expect(refusal(ranks: 16) { _ in } == nil)
    #expect(refusal { $0.addressSpace = .init(1 << 40, used: 1 << 30) } == nil)
  }

  /// The snapshot is counted once, on the node of rank 0 alone.
  @Test func onlyRankZeroHasTheSnapshot() {
    let bytes = need.bytes
    let two = { (limits: inout MemoryLimits) in limits.machine = 2 * bytes + 500_000_000 }
    #expect(refusal(ranks: 2, two) == nil)
    #expect(
      refusal(ranks: 2) { $0.machine = 2 * bytes + 499_999_999 }
        == "a rank needs 1.01 GB, rank 0 0.50 GB more, the 2 ranks of the node 2.52 GB, but the node has 2.52 GB: "
        + "start fewer ranks per node, or give --recompute, a smaller --micro-batch or a smaller model"
    )
    #expect(refusal(ranks: 2, hasRoot: false) { $0.machine = 2 * bytes } == nil)
    #expect(refusal(ranks: 2, hasRoot: false) { $0.machine = 2 * bytes - 1 } != nil)
  }

  @Test func theControlGroupIsNamed() {
    let group = { (bytes: Int) in
      { (limits: inout MemoryLimits) in
        limits.group = .init(bytes, name: "memory.max of /slurm/job_7")
      }
    }
    let needed = need.bytes + need.snapshot
    #expect(refusal(group(needed)) == nil)
    let sentence = refusal(group(needed - 1)) ?? ""
    for part in [
      "the control group allows 1.51 GB (memory.max of /slurm/job_7) and the kernel would kill a rank",
      "ask for more memory (Slurm's --mem)",
    ] {
      #expect(sentence.contains(part), "\(sentence)")
    }
    // A group larger than the machine limits nothing.
    #expect(refusal { $0.group = .init(1 << 50, name: "x") } == nil)
  }

  /// OpenBLAS's workspace and the stack of each thread take addresses that never become memory.
  @Test func addressesAndDataOfThisProcess() {
    let free = need.floats + need.snapshot + need.threadAddresses + 48 << 20
    #expect(need.threadAddresses == 2 * (128 + 8) << 20)
    #expect(refusal { $0.addressSpace = .init(1 << 40, used: 1 << 40) } != nil)
    for (part, edit) in [
      (
        "ulimit -v",
        { (limits: inout MemoryLimits, bytes: Int) in
          limits.addressSpace = .init(bytes, used: 1 << 20)
        }
      ),
      ("ulimit -d", { limits, bytes in limits.data = .init(bytes, used: 1 << 20) }),
    ] {
      #expect(refusal { edit(&$0, free + 1 << 20) } == nil)
      let sentence = refusal { edit(&$0, free >> 1) } ?? ""
      #expect(sentence.contains("\(part) \(free >> 11) KiB"), "\(sentence)")
      #expect(sentence.contains("raise it: \(part) unlimited"), "\(sentence)")
      #expect(sentence.contains("OpenBLAS workspace of 2 threads"), "\(sentence)")
    }
    // Another rank has no snapshot.
    let without = free - need.snapshot + 1 << 20
    #expect(refusal(isRoot: false) { $0.addressSpace = .init(without, used: 1 << 20) } == nil)
    #expect(refusal(isRoot: true) { $0.addressSpace = .init(without, used: 1 << 20) } != nil)
  }

  @Test func aSystemThatPromisesNoMoreThanItHas() {
    #expect(refusal { $0.commitRoom = 1 << 40 } == nil)
    #expect(refusal { $0.commitRoom = 1 << 30 }?.contains("vm.overcommit_memory is 2") == true)
  }

  @Test func sizesBeyondReasonAreRefused() {
    var huge = need
    huge.floats = 1 << 61
    #expect(MemoryJudge.refusal(huge, ranks: 64, limits: MemoryLimits()) != nil)
  }
}
