import Buffers
import Console
import Dist
import Files
import Kernels
import Model

/// What a process is about to take of the machine's memory and of its own addresses.
package struct MemoryNeed: Sendable, Equatable, Codable {
  /// Bytes of the program and its libraries, which it has already.
  package var program = 0
  /// Bytes that it will write to.
  package var floats = 0
  /// Bytes that rank 0 takes besides.
  package var snapshot = 0
  /// Threads that compute, each with a stack and a workspace for products.
  package var threads = 1
  /// Bytes of files that it will look at in memory.
  package var mapped = 0

  /// Nothing yet.
  package init() {}

  /// Of a process with a team of `threads` that takes `floats` floats.
  package init(floats: Int, threads: Int) {
    program = ResidentMemory.now ?? 0
    self.floats = floats * MemoryLayout<Float>.stride
    self.threads = threads
  }

  /// Bytes of memory in all, without rank 0's snapshot.
  package var bytes: Int { program + floats + threads * ProductWorkspaces.bytesTouched }

  /// Addresses of what each thread has to itself: most of it never becomes memory.
  package var threadAddresses: Int {
    threads * (ProductWorkspaces.bytes + SystemThread.stackBytes)
  }
}

/// Memory is asked for here before it is taken.
public enum MemoryCheck: Sendable {
  /// Of a model that scores, or generates, with a team of threads.
  case scoring(threads: Int)
  case generation(threads: Int)

  /// Tokens that scoring computes at once, or one sequence where that is longer.
  package static let tokensAtOnce = 2_048

  /// Refuses a model of shape `config` where there is no room for it.
  package func require(_ config: ModelConfig) throws(InputError) {
    switch self {
    case .scoring(let threads):
      try MemoryCheck.require(MemoryCheck.scoring(config, threads: threads))
    case .generation(let threads):
      try MemoryCheck.require(
        MemoryNeed(
          floats: ParameterTable(config).count + CachedDecoder.count(config, threads: threads),
          threads: threads))
    }
  }

  /// What a model takes whose sequences go forward, of up to `length` tokens at once.
  package static func scoring(_ config: ModelConfig, threads: Int, length: Int = 0) -> MemoryNeed {
    let use = DecoderUse(
      capacity: max(config.context, length, tokensAtOnce), training: false)
    return MemoryNeed(
      floats: ParameterTable(config).count
        + Decoder.activationCount(config, use, threads: threads), threads: threads)
  }

  /// Refuses, in a process without ranks, what there is no room for: memory and threads.
  package static func require(_ need: MemoryNeed) throws(InputError) {
    if let refusal = MemoryJudge.refusal(need, limits: .now) { throw InputError(refusal.sentence) }
    try ThreadCheck.require(need.threads)
  }

  /// The same of one of the ranks. Collective.
  package static func require(
    _ need: MemoryNeed, on communicator: Communicator, besides threads: Int = 0
  )
    throws
  {
    let node = communicator.node
    try communicator.together {
      let refusal = MemoryJudge.refusal(
        need, ranks: node.ranksOnNode, hasRoot: node.node == 0, isRoot: communicator.isRoot,
        limits: .now)
      if let refusal { throw InputError("\(communicator.host): \(refusal.sentence)") }
    }
    try communicator.together {
      do throws(InputError) { try ThreadCheck.require(need.threads, besides: threads) } catch {
        throw InputError("\(communicator.host): \(error.reason)")
      }
    }
  }
}

/// Threads are asked for here before work is handed out to them.
package enum ThreadCheck {
  /// Refuses a team of `threads`, this one counted, where the system allows fewer.
  ///
  /// - Parameter others: threads that are needed besides
  package static func require(_ threads: Int, besides others: Int = 0) throws(InputError) {
    if let problem = problem(threads, besides: others) { throw InputError(problem) }
  }

  /// Why a team of `threads` cannot be had, and what to do; nil where it can.
  package static func problem(_ threads: Int, besides others: Int = 0) -> String? {
    let needed = max(0, threads - 1 + others)
    let allowance = SystemThread.available(needed)
    guard allowance.count < needed else { return nil }
    let isMemory = allowance.limits.contains { $0 != .processes }
    let group = isMemory ? nil : SystemFiles().controlGroups.processes
    return sentence(
      allowance, needed: needed, others: others,
      groupLimit: group.map { "\($0.name) is \($0.value)" })
  }

  /// - Parameter groupLimit: the limit on processes of the control group
  static func sentence(
    _ allowance: SystemThread.Allowance, needed: Int, others: Int, groupLimit: String? = nil
  ) -> String {
    let found = allowance.count
    let names = allowance.limits.compactMap(\.text) + [groupLimit].compactMap { $0 }
    let team = found + 1 - others
    let allowed = found == 0 ? "no more threads" : "only \(counted(found, "more thread"))"
    let remedy = team >= 1 && needed > others ? "give --threads \(team), or raise" : "raise"
    let limits = allowance.limits.isEmpty ? [.processes] : allowance.limits
    return
      "the system allows \(allowed)\(names.isEmpty ? "" : " (\(names.joined(separator: ", ")))"), "
      + "and \(needed) \(needed == 1 ? "is" : "are") needed: \(remedy) the limit: "
      + limits.map { "\($0.command) unlimited" }.joined(separator: ", ")
  }
}
