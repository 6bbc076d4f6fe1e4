import Buffers
import CMPI

/// Sums vectors over the ranks one after the other while the rank goes on computing. MPI 3.1 §5.12 (`MPI_Iallreduce`).
///
/// Open MPI moves the floats only while a rank is inside one of its functions: `progress` lets it. All ranks append vectors of the
/// same sizes in the same order. At most `places` are under way at once, because MPI takes as much memory again for each.
@safe
final class BucketQueue {
  private let communicator: Communicator
  private let wire: Wire
  private let clock: ContinuousClock
  /// Appended and not begun, first come first; those before `next` are done with.
  private var waiting: [Vector] = []
  private var next = 0
  private var requests: [MPI_Request?]
  private var underWay: [(vector: Vector, begin: ContinuousClock.Instant)?]
  private var count = 0
  private var completed: [Int32]
  private var lastPoll: ContinuousClock.Instant
  private var busySince: ContinuousClock.Instant?
  private var hides = true
  /// The error that kept this rank from starting or finishing a sum; after it, no further sum is started.
  private var failure: MPIError?

  /// The sums since `finish` last returned, or those before it, in the order in which they ended.
  private(set) var spans: [BucketSpan] = []

  /// Times of all sums so far.
  private(set) var times = OverlapTimes()

  /// The least time between two looks: less than it takes a fast network to fill and empty its buffers.
  private static let pollInterval = Duration.milliseconds(1)
  /// Looks at a time: each moves at most one message a little further.
  private static let looks = 4

  /// - Parameters:
  ///   - places: the most vectors that are under way at once
  ///   - most: floats of each at most
  init(
    _ communicator: Communicator, _ format: WireFormat, places: Int, most: Int,
    clock: ContinuousClock
  ) throws(MPIError) {
    self.communicator = communicator
    self.clock = clock
    wire = try Wire(format, places: communicator.size > 1 ? places : 1, most: most)
    unsafe requests = Array(repeating: cmpi_request_null(), count: places)
    underWay = Array(repeating: nil, count: places)
    completed = Array(repeating: 0, count: places)
    lastPoll = clock.now
  }

  /// Floats that are taken for sums of at most `most` floats: on the wire, and by MPI for what it receives.
  static func floats(_ format: WireFormat, places: Int, most: Int) -> Int {
    let perFloat = format == .bf16 ? 2 : 1
    return Wire.floats(format, places: places, most: most) + places * most / perFloat
  }

  /// True if everything that was appended is summed.
  var isEmpty: Bool { count == 0 && next == waiting.count }

  /// This rank's summands; the vector is overwritten with the sum and not touched before `finish` has returned.
  func append(_ vector: Vector) {
    guard communicator.size > 1, vector.count > 0 else { return }
    if isEmpty, waiting.isEmpty { spans.removeAll(keepingCapacity: true) }
    waiting.append(vector)
    measure { attempt { () throws(MPIError) in try begin() } }
  }

  /// Lets MPI work, if it has something to do and the last time is long enough ago.
  func progress() {
    guard !isEmpty, lastPoll.duration(to: clock.now) >= BucketQueue.pollInterval else { return }
    measure {
      attempt { () throws(MPIError) in
        for _ in 0..<BucketQueue.looks where count > 0 { try look(waiting: false) }
      }
    }
    lastPoll = clock.now
  }

  /// From here to the end of `finish`, what the sums take is not hidden.
  func stopHiding() {
    restart(nil)
    hides = false
  }

  /// Returns when all sums are there, and throws what went wrong since the last time. Collective.
  func finish() throws(MPIError) {
    stopHiding()
    if let failure { throw failure }
    try begin()
    while count > 0 { try look(waiting: true) }
    waiting.removeAll(keepingCapacity: true)
    next = 0
    hides = true
  }

  private func attempt(_ body: () throws(MPIError) -> Void) {
    guard failure == nil else { return }
    do throws(MPIError) { try body() } catch { failure = error }
  }

  /// Counts the time of `body`, and that in which something is under way, while the rank computes.
  package func measure(_ body: () -> Void) {
    guard hides else { return body() }
    let start = clock.now
    body()
    let end = clock.now
    times.polling += start.duration(to: end) / .seconds(1)
    if count > 0, busySince == nil { busySince = start }
    if count == 0 { restart(nil) }
  }

  private func restart(_ time: ContinuousClock.Instant?) {
    if let busySince { times.hidden += busySince.duration(to: clock.now) / .seconds(1) }
    busySince = time
  }

  /// Begins as many sums as there are places for.
  private func begin() throws(MPIError) {
    while next < waiting.count, let place = underWay.firstIndex(where: { $0 == nil }) {
      let vector = waiting[next]
      next += 1
      wire.load(place, vector)
      try check("MPI_Iallreduce") {
        unsafe MPI_Iallreduce(
          cmpi_in_place_const(), wire.place(place, of: vector), Dist.count(vector.count),
          wire.type, wire.sum, communicator.world, &requests[place])
      }
      underWay[place] = (vector, clock.now)
      count += 1
    }
  }

  /// Ends what has arrived, and begins more in its place.
  private func look(waiting isWaiting: Bool) throws(MPIError) {
    let all = unsafe Dist.count(requests.count)
    var done: Int32 = 0
    if isWaiting {
      try check("MPI_Waitsome") {
        unsafe MPI_Waitsome(all, &requests, &done, &completed, cmpi_statuses_ignore())
      }
    } else {
      try check("MPI_Testsome") {
        unsafe MPI_Testsome(all, &requests, &done, &completed, cmpi_statuses_ignore())
      }
    }
    // Negative where nothing was under way.
    guard done > 0 else { return }
    for place in completed.prefix(Int(done)).map({ Int($0) }) {
      guard let (vector, begin) = underWay[place] else {
        preconditionFailure("no sum in place \(place)")
      }
      wire.unload(place, vector)
      communicator.progress.reached(bucket: spans.count)
      spans.append(BucketSpan(floats: vector.count, begin: begin, end: clock.now))
      underWay[place] = nil
      count -= 1
    }
    try begin()
  }
}

/// When a bucket was summed.
public struct BucketSpan: Sendable {
  /// Length of the bucket.
  public let floats: Int
  /// From its beginning on this rank to the moment that this rank saw its end.
  public let begin, end: ContinuousClock.Instant
}

/// Seconds of sums that went on while the rank computed.
public struct OverlapTimes: Sendable, Equatable {
  /// In which at least one was under way.
  public var hidden = 0.0
  /// Time that the computing thread spent in MPI.
  public var polling = 0.0

  /// None, where nothing is given.
  public init(hidden: Double = 0, polling: Double = 0) {
    (self.hidden, self.polling) = (hidden, polling)
  }

  /// Times since an earlier moment.
  public static func - (now: OverlapTimes, before: OverlapTimes) -> OverlapTimes {
    var result = now
    result.hidden -= before.hidden
    result.polling -= before.polling
    return result
  }
}
