import Foundation

/// A stream of log lines that may be refused: what is written to it, what was dropped, and whether a progress bar is shown.
package struct LogStream {
  private let descriptor: Int32
  private let patience: Duration
  /// What is left of it, until a write succeeds.
  private var patienceLeft: Duration
  private var dropped = 0
  /// Whether only a part of the last text could be written.
  private var isCut = false
  private var hasBar = false

  /// - Parameter patience: how long a stream that is full is waited for before lines are dropped
  package init(descriptor: Int32, patience: Duration = .seconds(5)) {
    self.descriptor = descriptor
    self.patience = patience
    patienceLeft = patience
  }

  /// Writes `text` after what is due before it, or drops it.
  package mutating func write(_ text: String) {
    var due = hasBar ? "\r\u{1b}[K" : ""
    if isCut { due += "\n" }
    if dropped > 0 {
      due += "(\(dropped) \(dropped == 1 ? "line" : "lines") of this log could not be written)\n"
    }
    let bytes = Array((due + text).utf8)
    guard !bytes.isEmpty else { return }
    let transfer = Transfer(bytes, to: descriptor, patience: patienceLeft)
    patienceLeft = transfer.code == 0 ? patience : max(.zero, patienceLeft - transfer.waited)
    if transfer.count > 0 { (hasBar, isCut) = (false, transfer.count < bytes.count) }
    if transfer.count >= due.utf8.count, !due.isEmpty { dropped = 0 }
    if transfer.code != 0, !text.isEmpty { dropped += 1 }
  }

  /// Shows `bar` in place of the last one. A bar that cannot be written is not missed.
  package mutating func show(bar: String, isLast: Bool) {
    if dropped > 0 || isCut { write("") }
    let bytes = Array(("\r" + bar + "\u{1b}[K" + (isLast ? "\n" : "")).utf8)
    let transfer = Transfer(bytes, to: descriptor, patience: .zero)
    if transfer.count > 0 { hasBar = !isLast || transfer.count < bytes.count }
  }
}

/// How far bytes came on their way into a descriptor.
struct Transfer {
  /// Bytes that were written.
  private(set) var count = 0
  /// The `errno` that ended it, `EAGAIN` where patience did; 0 where all was written.
  private(set) var code: Int32 = 0
  /// How long the descriptor was waited for.
  private(set) var waited = Duration.zero

  /// Pipes take so much at once without blocking, or nothing (POSIX's PIPE_BUF, on Linux).
  private static let atomic = 4_096

  /// Writes `bytes` to `descriptor`.
  ///
  /// - Parameter patience: how long a descriptor that takes nothing is waited for, whether it blocks or not; nil for as long as it takes
  init(_ bytes: [UInt8], to descriptor: Int32, patience: Duration?) {
    let clock = ContinuousClock()
    while count < bytes.count {
      if let patience {
        let start = clock.now
        let isReady = Transfer.wait(for: descriptor, patience - waited)
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
      case EAGAIN where patience == nil: _ = Transfer.wait(for: descriptor, nil)
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

  /// Waits until `descriptor` takes bytes or an error, for `time` at most.
  private static func wait(for descriptor: Int32, _ time: Duration?) -> Bool {
    let milliseconds = time.map { max(0, Int32(clamping: Int64($0 / .milliseconds(1)))) } ?? -1
    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    while true {
      let ready = unsafe poll(&request, 1, milliseconds)
      if ready >= 0 { return ready > 0 }
      // What is wrong with a descriptor that cannot be waited for, `write` says.
      if errno != EINTR { return true }
    }
  }
}
