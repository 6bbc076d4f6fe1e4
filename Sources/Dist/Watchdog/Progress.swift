import Synchronization

/// The current activity of a rank, which its watchdog reads from another thread.
///
/// The training thread publishes; a store or an uncontended lock each time, which no step notices. The communicator has one, and marks
/// in it by itself when this rank is inside MPI.
public final class Progress: Sendable {
  /// A part of a step, or of what interrupts steps.
  public struct Phase: Sendable, Equatable {
    /// One word.
    public let name: String
    /// Its place among the phases of a step, from 0.
    public let order: Int
    /// True if ranks only wait for each other in it.
    public let waits: Bool

    /// A phase of that name.
    public init(_ name: String, order: Int, waits: Bool = false) {
      (self.name, self.order, self.waits) = (name, order, waits)
    }
  }

  /// The activity of a rank at one moment.
  public struct Moment: Sendable, Equatable {
    /// The current step, from 1; nil before the first.
    public var step: Int?
    /// Nil between two phases.
    public var phase: Phase?
    /// The block that was last at work in the phase; nil outside the blocks.
    public var layer: Int?
    /// The part of the flat vector that was last on its way in the phase; nil where none was.
    public var bucket: Int?
    /// The MPI operation that the rank is in; nil outside MPI.
    public var operation: String?
    /// Grows with everything that is published or written to a file: a rank where it does not grow stands still.
    public var moves = 0

    /// Nothing yet.
    public init() {}

    /// True if the rank waits for others.
    public var waits: Bool { operation != nil || phase?.waits ?? false }
  }

  private struct Place {
    var step: Int?
    var phase: Phase?
    package var operation: String?
  }

  private let place = Mutex(Place())
  private let layer = Atomic(-1)
  private let bucket = Atomic(-1)
  private let moves = Atomic(0)

  /// A rank that has not begun.
  public init() {}

  /// Something got on that has no name here: bytes of a file, say. From any thread.
  public func moved() { moves.wrappingAdd(1, ordering: .relaxed) }

  /// A step begins.
  public func begin(step: Int) {
    place.withLock { $0.step = step }
    moved()
  }

  /// Runs `body` as `phase`.
  public func measure<Result>(_ phase: Phase, _ body: () throws -> Result) rethrows -> Result {
    let outer = place.withLock { place in
      defer { place.phase = phase }
      return place.phase
    }
    layer.store(-1, ordering: .relaxed)
    bucket.store(-1, ordering: .relaxed)
    moved()
    defer {
      place.withLock { $0.phase = outer }
      moved()
    }
    return try body()
  }

  /// A part of the work in a block is done, or outside of them.
  public func reached(layer: Int?) {
    self.layer.store(layer ?? -1, ordering: .relaxed)
    moved()
  }

  /// A part of the flat vector is on its way: a chunk of an all-reduce, a bucket.
  public func reached(bucket: Int) {
    self.bucket.store(bucket, ordering: .relaxed)
    moved()
  }

  /// Runs `body`, in which this rank waits in an operation of MPI; nested, the outermost counts.
  ///
  /// Not a move: who polls again and again would never stand still.
  public func wait<Result, Failure: Error>(
    in operation: String, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let isOutermost = place.withLock { place in
      guard place.operation == nil else { return false }
      place.operation = operation
      return true
    }
    defer { if isOutermost { place.withLock { $0.operation = nil } } }
    return try body()
  }

  /// The current activity of this rank. May be read from any thread.
  public var moment: Moment {
    func value(_ atomic: borrowing Atomic<Int>) -> Int? {
      let value = atomic.load(ordering: .relaxed)
      return value < 0 ? nil : value
    }
    var moment = Moment()
    (moment.step, moment.phase, moment.operation) = place.withLock {
      ($0.step, $0.phase, $0.operation)
    }
    (moment.layer, moment.bucket) = (value(layer), value(bucket))
    moment.moves = moves.load(ordering: .relaxed)
    return moment
  }
}

// On the wire: the fields in one line, `-` for what there is not.
extension Progress.Moment {
  var line: String {
    func text(_ value: Int?) -> String { value.map(String.init) ?? "-" }
    return [
      text(moves), text(step), phase?.name ?? "-", text(phase?.order),
      phase?.waits == true ? "1" : "0", text(layer), text(bucket), operation ?? "-",
    ].joined(separator: " ")
  }

  /// Nil for a line that is none.
  init?(line: some StringProtocol) {
    let parts = line.split(separator: " ")
    guard parts.count == 8, let moves = Int(parts[0]) else { return nil }
    self.moves = moves
    step = Int(parts[1])
    if let order = Int(parts[3]) {
      phase = Progress.Phase(String(parts[2]), order: order, waits: parts[4] == "1")
    }
    (layer, bucket) = (Int(parts[5]), Int(parts[6]))
    operation = parts[7] == "-" ? nil : String(parts[7])
  }
}

extension Progress.Moment: CustomStringConvertible {
  /// `step 41, communication (MPI_Allreduce), bucket 3`
  public var description: String {
    var parts = [step.map { "step \($0)" } ?? "before the first step"]
    switch (phase?.name, operation) {
    case (let phase?, let operation?): parts.append("\(phase) (\(operation))")
    case (let name?, nil), (nil, let name?): parts.append(name)
    case (nil, nil): parts.append("between two phases")
    }
    if let layer { parts.append("layer \(layer)") }
    if let bucket { parts.append("bucket \(bucket)") }
    return parts.joined(separator: ", ")
  }
}
