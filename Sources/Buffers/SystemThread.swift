#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A thread that runs one closure and ends. It inherits the signals that its starter blocks.
@safe
public struct SystemThread: @unchecked Sendable {
  private let id: pthread_t

  /// Address space of a thread's stack, in bytes, whatever `ulimit -s` says: some set it to kilobytes, some to gigabytes.
  public static let stackBytes = 1 << 23

  /// Starts `body`; nil where the system allows no more threads, and `body` is not run.
  ///
  /// - Parameter joined: whether `join` will be called, exactly once
  public init?(joined: Bool = false, _ body: @escaping @Sendable () -> Void) {
    let start = unsafe Unmanaged.passRetained(Start(body))
    guard let thread = unsafe SystemThread.create(SystemThread.stackBytes, run, start.toOpaque())
    else {
      unsafe start.release()
      return nil
    }
    id = thread
    if !joined { _ = pthread_detach(id) }
  }

  /// Returns when the thread has ended.
  public func join() { pthread_join(id, nil) }

  /// The number of threads that the system allows in addition to the running ones.
  public struct Allowance: Sendable {
    /// The number of threads, at most as many as were asked for.
    public let count: Int
    /// The limits that are set and may have refused one more; empty where none was refused.
    public let limits: [ProcessLimit]
  }

  /// Asks the system for `count` threads: they are started, wait for each other, and end.
  ///
  /// - Parameter stackBytes: the size of their stacks; with `smallestStack` address space refuses none of them
  public static func available(_ count: Int, stackBytes: Int = stackBytes) -> Allowance {
    var gate = unsafe pthread_mutex_t()
    return unsafe withUnsafeMutablePointer(to: &gate) { gate in
      unsafe pthread_mutex_init(gate, nil)
      defer { unsafe pthread_mutex_destroy(gate) }
      unsafe pthread_mutex_lock(gate)
      var threads: [pthread_t] = []
      while threads.count < count, let thread = unsafe create(stackBytes, waiting, gate) {
        threads.append(thread)
      }
      let found = threads.count
      var limits: [ProcessLimit] = []
      if found < count {
        // A stack is address space and data, and where a small one can be had, that is what lacks.
        let small = unsafe create(smallestStack, waiting, gate)
        if let small { threads.append(small) }
        limits = small == nil ? [.processes] : [.addressSpace, .data]
      }
      unsafe pthread_mutex_unlock(gate)
      for thread in threads { pthread_join(thread, nil) }
      return Allowance(count: found, limits: limits.filter { $0.value != nil })
    }
  }

  /// A stack for a function that calls hardly anything, in bytes: most of it is what OpenBLAS keeps for every thread (60 KiB).
  public static let smallestStack = 1 << 18

  /// Creates a thread. One that has just ended may still be counted, so a refusal is believed when it is repeated.
  private static func create(
    _ stackBytes: Int, _ function: @escaping Function, _ argument: UnsafeMutableRawPointer
  ) -> pthread_t? {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setstacksize(&attributes, stackBytes)
    #if canImport(Glibc)
      var thread = pthread_t()
    #else
      var thread: pthread_t?
    #endif
    for _ in 0..<attempts {
      if unsafe pthread_create(&thread, &attributes, function, argument) == 0 { return thread }
      usleep(1_000)
    }
    return nil
  }

  private static let attempts = 10
}

#if canImport(Glibc)
  private typealias Argument = UnsafeMutableRawPointer?
#else
  private typealias Argument = UnsafeMutableRawPointer
#endif
private typealias Function = @convention(c) (Argument) -> UnsafeMutableRawPointer?

private func run(_ start: Argument) -> UnsafeMutableRawPointer? {
  let start: UnsafeMutableRawPointer? = unsafe start
  if let start = unsafe start {
    unsafe Unmanaged<Start>.fromOpaque(start).takeRetainedValue().body()
  }
  return nil
}

/// Ends when no thread holds the mutex. It allocates nothing, because the first allocation of a thread takes additional address space.
private func waiting(_ gate: Argument) -> UnsafeMutableRawPointer? {
  let gate: UnsafeMutableRawPointer? = unsafe gate
  if let gate = unsafe gate?.assumingMemoryBound(to: pthread_mutex_t.self) {
    unsafe pthread_mutex_lock(gate)
    unsafe pthread_mutex_unlock(gate)
  }
  return nil
}

private final class Start {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
