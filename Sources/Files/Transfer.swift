import Foundation

/// Progress of bytes that are written to a descriptor.
package struct Transfer {
  /// Bytes that were written.
  package private(set) var count = 0
  /// The `errno` that ended it, `EAGAIN` where patience did; 0 where all was written.
  package private(set) var code: Int32 = 0
  /// Time spent waiting for the descriptor.
  package private(set) var waited = Duration.zero

  /// Pipes take so much at once without blocking, or nothing (POSIX's PIPE_BUF, on Linux).
  private static let atomic = 4_096

  /// Writes `bytes` to `descriptor`.
  ///
  /// - Parameter patience: how long a descriptor that takes nothing is waited for, whether it blocks or not; nil for as long as it takes
  package init(_ bytes: [UInt8], to descriptor: Int32, patience: Duration?) {
    let clock = ContinuousClock()
    while count < bytes.count {
      if let patience {
        let start = clock.now
        let isReady = Transfer.wait(for: descriptor, atMost: patience - waited)
        waited += clock.now - start
        guard isReady else {
          code = EAGAIN
          return
        }
      }
      let most = patience == nil ? bytes.count : Transfer.atomic
      let written = unsafe bytes.withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress! + count, min(most, $0.count - count))
      }
      if written > 0 {
        count += written
        continue
      }
      let reason = written == 0 ? EIO : errno
      switch reason {
      case EINTR: continue
      case EAGAIN where patience == nil: _ = Transfer.wait(for: descriptor, atMost: nil)
      case EAGAIN where waited < patience ?? .zero:
        // Another writer was faster, or there is room but not for all of it.
        usleep(10_000)
        waited += .milliseconds(10)
      default:
        code = reason
        return
      }
    }
  }

  /// True if a call on `descriptor` that failed with `code` is to be made again: it was interrupted, or the descriptor does not block and
  /// was waited for until it was ready.
  static func isToBeRepeated(_ code: Int32, on descriptor: Int32, for events: Int32) -> Bool {
    code == EINTR || code == EAGAIN && wait(for: descriptor, events, atMost: nil)
  }

  /// Waits until `descriptor` is ready for `events` or an error, for `time` at most.
  private static func wait(
    for descriptor: Int32, _ events: Int32 = POLLOUT, atMost time: Duration?
  ) -> Bool {
    let milliseconds = time.map { max(0, Int32(clamping: Int64($0 / .milliseconds(1)))) } ?? -1
    var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    while true {
      let ready = unsafe poll(&request, 1, milliseconds)
      if ready >= 0 { return ready > 0 }
      // If the descriptor cannot be waited for, `write` reports the reason.
      if errno != EINTR { return true }
    }
  }
}
