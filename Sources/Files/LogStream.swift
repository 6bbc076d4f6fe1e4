import Foundation

/// A stream of log lines that may be refused: what is written to it, what was dropped, and whether a progress bar is shown.
package struct LogStream {
  private let descriptor: Int32
  private let patience: Duration
  /// Remaining patience; a write that succeeds restores it.
  private var patienceLeft: Duration
  private var dropped = 0
  /// True if only a part of the last text could be written.
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
