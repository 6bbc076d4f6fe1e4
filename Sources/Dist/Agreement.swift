// Decisions that all ranks take together, so that no rank is left inside a collective that the others
// never enter.
extension Communicator {
  /// Checks that every rank has the same `value`. Collective.
  ///
  /// - Parameters:
  ///   - value: compared byte by byte; a hash where the thing itself is large.
  ///   - what: the thing, for the message: "the configuration".
  ///   - status: the exit status where they differ.
  /// - Throws: the same `AgreedFailure` on every rank, with the ranks of each value.
  public func agree(on value: String, what: String, status: Int32 = 1) throws {
    let values = try allGather(Array(value.utf8)).enumerated().map {
      (rank: $0.offset, text: String(decoding: $0.element, as: UTF8.self))
    }
    let groups = groups(of: values)
    guard groups.count > 1 else { return }
    let sides = groups.map { "\(words(forRanks: $0.ranks)): \($0.text)" }
    throw AgreedFailure(
      "the ranks disagree about \(what): \(sides.joined(separator: "; "))", status: status)
  }

  /// Runs `body` on every rank. Collective; `body` itself must not be.
  ///
  /// - Returns: what `body` returned on this rank, where it returned on all of them.
  /// - Throws: where `body` threw on any rank, the same `AgreedFailure` on every rank: each
  ///   distinct message once, with its ranks where not all have it, and the exit status of the
  ///   lowest rank that failed.
  public func together<T>(_ body: () throws -> T) throws -> T {
    let (value, failure) = try attempt(body)
    let failed = try any(!failure.isEmpty)
    guard !failed, let value else { throw Communicator.agreed(try allGather(failure)) }
    return value
  }

  /// Runs `body` on rank 0; the others wait. Collective; `body` itself must not be.
  ///
  /// - Throws: where `body` threw, the same `AgreedFailure` on every rank.
  public func onRoot(_ body: () throws -> Void) throws {
    let failure = try broadcast(isRoot ? attempt(body).failure : [])
    if !failure.isEmpty { throw Communicator.agreed([failure]) }
  }

  /// The value that `body` returned, or "status message" of its error. An MPI error is rethrown: ranks cannot
  /// agree about it.
  private func attempt<T>(_ body: () throws -> T) throws -> (value: T?, failure: [UInt8]) {
    do {
      return (try body(), [])
    } catch let error as MPIError {
      throw error
    } catch {
      return (nil, Array("\((error as? AgreedFailure)?.status ?? status(error)) \(error)".utf8))
    }
  }

  /// The one failure that all ranks make of "status message" of each; empty where a rank had none.
  private static func agreed(_ failures: [[UInt8]]) -> AgreedFailure {
    var (texts, first) = ([(rank: Int, text: String)](), Int32?.none)
    for (rank, bytes) in failures.enumerated() where !bytes.isEmpty {
      let parts = bytes.split(
        separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
      first = first ?? Int32(String(decoding: parts[0], as: UTF8.self))
      texts.append((rank, String(decoding: parts[1], as: UTF8.self)))
    }
    let messages = groups(of: texts).map { message, ranks in
      ranks.count == failures.count ? message : "\(words(forRanks: ranks)): \(message)"
    }
    return AgreedFailure(messages.joined(separator: "\n"), status: first ?? 1)
  }
}
