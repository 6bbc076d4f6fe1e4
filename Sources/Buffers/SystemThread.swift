import Dispatch

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
    #if canImport(Glibc)
      var thread = pthread_t()
      guard SystemThread.create(&thread, body) else { return nil }
      id = thread
    #else
      var thread: pthread_t?
      guard SystemThread.create(&thread, body), let thread else { return nil }
      id = thread
    #endif
    if !joined { _ = pthread_detach(id) }
  }

  /// Returns when the thread has ended.
  public func join() { pthread_join(id, nil) }

  /// The number of threads, at most `count`, that the system allows now beside those that run: they are started, and end.
  public static func available(_ count: Int) -> Int {
    let gate = DispatchSemaphore(value: 0)
    var threads: [SystemThread] = []
    while threads.count < count, let thread = SystemThread(joined: true, { gate.wait() }) {
      threads.append(thread)
    }
    for _ in threads { gate.signal() }
    for thread in threads { thread.join() }
    return threads.count
  }

  /// Creates the thread. One that has just ended may still be counted, so a refusal is believed when it is repeated.
  private static func create(_ thread: inout Handle, _ body: @escaping @Sendable () -> Void) -> Bool
  {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setstacksize(&attributes, stackBytes)
    let start = unsafe Unmanaged.passRetained(Start(body))
    for _ in 0..<attempts {
      let status = unsafe pthread_create(&thread, &attributes, run, start.toOpaque())
      if status == 0 { return true }
      usleep(1_000)
    }
    unsafe start.release()
    return false
  }

  private static let attempts = 10

  #if canImport(Glibc)
    private typealias Handle = pthread_t
  #else
    private typealias Handle = pthread_t?
  #endif
}

#if canImport(Glibc)
  private func run(_ start: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let start = unsafe start {
      unsafe Unmanaged<Start>.fromOpaque(start).takeRetainedValue().body()
    }
    return nil
  }
#else
  private func run(_ start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    unsafe Unmanaged<Start>.fromOpaque(start).takeRetainedValue().body()
    return nil
  }
#endif

private final class Start {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
