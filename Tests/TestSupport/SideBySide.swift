import Foundation
import Synchronization

/// The results of `body` for each of `inputs`, in their order, `atOnce` of them computed at the same time; the first error
/// where there is one.
///
/// Most of what a program takes to start is waiting, so that three take hardly longer than one. Expectations belong behind it:
/// in other threads they belong to no test.
public func sideBySide<Input: Sendable, Output: Sendable>(
  _ inputs: [Input], atOnce: Int = 3, _ body: @escaping @Sendable (Input) throws -> Output
) throws -> [Output] {
  let work = Work<Output>(count: inputs.count)
  let group = DispatchGroup()
  for _ in 0..<min(atOnce, inputs.count) {
    group.enter()
    Thread.detachNewThread {
      while let index = work.take() { work.finish(index, Result { try body(inputs[index]) }) }
      group.leave()
    }
  }
  group.wait()
  return try work.results()
}

/// A value that is computed when it is first asked for, once.
public final class Once<Value: Sendable>: Sendable {
  private let computed = Mutex<Value?>(nil)
  private let compute: @Sendable () throws -> Value

  /// - Parameter compute: called again only where it threw
  public init(_ compute: @escaping @Sendable () throws -> Value) { self.compute = compute }

  /// The value.
  public func value() throws -> Value {
    try computed.withLock { computed in
      if let computed { return computed }
      let new = try compute()
      computed = new
      return new
    }
  }
}

/// Inputs that were accepted, with their results.
private final class Work<Output: Sendable>: Sendable {
  private struct State {
    var taken = 0
    var results: [Result<Output, any Error>?]
  }

  private let state: Mutex<State>

  init(count: Int) { state = Mutex(State(results: Array(repeating: nil, count: count))) }

  func take() -> Int? {
    state.withLock { state in
      guard state.taken < state.results.count else { return nil }
      state.taken += 1
      return state.taken - 1
    }
  }

  func finish(_ index: Int, _ result: Result<Output, any Error>) {
    state.withLock { $0.results[index] = result }
  }

  func results() throws -> [Output] {
    try state.withLock { $0.results }.compactMap { try $0?.get() }
  }
}
