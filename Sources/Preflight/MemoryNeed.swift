import Buffers
import Console
import Dist
import Files
import Kernels
import Model

/// The memory and the address space that a process is about to take.
package struct MemoryNeed: Sendable, Equatable, Codable {
  /// Bytes of the program and its libraries, which are already taken.
  package var program = 0
  /// Bytes that it will write to.
  package var floats = 0
  /// Further bytes that rank 0 takes.
  package var snapshot = 0
  /// Threads that compute, each with a stack and a workspace for products.
  package var threads = 1
  /// Bytes of files that it will map into memory.
  package var mapped = 0

  /// A need of nothing but one thread.
  package init() {}

  /// The need of a process with a team of `threads` that takes `floats` floats.
  package init(floats: Int, threads: Int) {
    program = ResidentMemory.now ?? 0
    self.floats = floats * MemoryLayout<Float>.stride
    self.threads = threads
  }

  /// Bytes of memory in all, without rank 0's snapshot.
  package var bytes: Int { program + floats + threads * ProductWorkspaces.bytesTouched }

  /// Bytes of address space for the stacks and workspaces of all threads; most of it never becomes memory.
  package var threadAddresses: Int {
    threads * (ProductWorkspaces.bytes + SystemThread.stackBytes)
  }
}

/// Checks memory and threads before they are taken.
public enum MemoryCheck: Sendable {
  /// A model that scores, or generates, with a team of threads.
  case scoring(threads: Int)
  case generation(threads: Int, use: CachedDecoder.Use)

  /// The tokens that scoring computes at once, or one sequence if that is longer.
  package static let tokensAtOnce = 2_048

  /// Throws if there is no memory for a model of shape `config`.
  package func require(_ config: ModelConfig) throws(InputError) {
    switch self {
    case .scoring(let threads):
      try MemoryCheck.require(MemoryCheck.scoring(config, threads: threads))
    case .generation(let threads, let use):
      try MemoryCheck.require(
        MemoryCheck.generation(config, threads: threads, use: use),
        remedy: use.samples > 1 ? "give fewer --samples, or " : "")
    }
  }

  /// The need of a model's forward passes over sequences of up to `length` tokens.
  package static func scoring(_ config: ModelConfig, threads: Int, length: Int = 0) -> MemoryNeed {
    let use = DecoderUse(
      capacity: max(config.context, length, tokensAtOnce), training: false)
    return MemoryNeed(
      floats: ParameterTable(config).count
        + Decoder.activationCount(config, use, threads: threads), threads: threads)
  }

  /// The need of a model that generates: its weights, their copy in bf16, and keys and values of every sample.
  package static func generation(
    _ config: ModelConfig, threads: Int, use: CachedDecoder.Use
  ) -> MemoryNeed {
    MemoryNeed(
      floats: ParameterTable(config).count
        + CachedDecoder.count(config, threads: threads, use: use), threads: threads)
  }

  /// Throws if memory or threads are not available, in a process without other ranks.
  ///
  /// - Parameter remedy: begins the message's remedy for memory
  package static func require(_ need: MemoryNeed, remedy: String = "") throws(InputError) {
    if let refusal = MemoryJudge.refusal(need, limits: .now) {
      throw InputError("\(refusal.finding): \(remedy)\(refusal.remedy)")
    }
    try ThreadCheck.require(need.threads)
  }

  /// Throws if memory or threads are not available on any of the ranks. Collective.
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

/// Checks that threads are available before they are started.
package enum ThreadCheck {
  /// Throws if the system does not allow a team of `threads`, including this thread.
  ///
  /// - Parameter others: further threads that are needed
  package static func require(_ threads: Int, besides others: Int = 0) throws(InputError) {
    if let problem = problem(threads, besides: others) { throw InputError(problem) }
  }

  /// The reason why a team of `threads` cannot be started, with the remedy; nil if it can.
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

  /// The message about threads that are not allowed.
  ///
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
