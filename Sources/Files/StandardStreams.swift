import Foundation
import Synchronization

/// Standard error: the log, a progress bar, complaints. Every line of the program's goes through here.
///
/// A line that cannot be written is dropped, and the number of lines dropped is written as soon as the stream takes lines again. A stream
/// that is full is waited for, five seconds in a row at most. Nothing here throws, and nothing ends the program.
public enum StandardError {
  private static let stream = Mutex(LogStream(descriptor: descriptor()))

  /// Called when the stream is first used: a `Mutex` whose contents the optimizer computes at compile time begins with zeros instead
  /// (Swift 6.3.1), and the log would go to descriptor 0.
  @inline(never) private static func descriptor() -> Int32 {
    ProcessInfo.processInfo.processIdentifier > 0 ? STDERR_FILENO : -1
  }

  /// Writes `text`, with the bytes of file names made readable, on a separate line if a progress bar is shown.
  public static func write(_ text: String) {
    stream.withLock { $0.write(FileName.printable(text)) }
  }

  /// Shows `bar` in place of the last one, until something else is written; `isLast` leaves it where it is.
  public static func show(bar: String, isLast: Bool) {
    stream.withLock { $0.show(bar: bar, isLast: isLast) }
  }

  /// Removes the progress bar, if one is shown.
  static func clearBar() { stream.withLock { $0.write("") } }

  /// True if standard error is a terminal that can show a progress bar, which takes escape sequences.
  public static var showsBars: Bool {
    guard isatty(STDERR_FILENO) == 1 else { return false }
    let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
    return !["", "dumb"].contains(terminal)
  }

  /// The width of the terminal at this moment; 80 where it does not say.
  public static var columns: Int {
    var size = winsize()
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return 80
    }
    return Int(size.ws_col)
  }
}

/// Standard output: results.
public enum StandardOutput {
  /// Whoever reads standard output has closed it, or its terminal has gone: there is nobody to tell.
  public struct Closed: Error {
    /// Says that standard output was closed by its reader.
    public init() {}
  }

  /// Writes `text` as it stands, all of it; waits where the descriptor does not block.
  ///
  /// - Throws: `Closed`; an `InputError` where the system refuses
  public static func write(_ text: String) throws {
    StandardError.clearBar()
    try write(Array(text.utf8), to: STDOUT_FILENO)
  }

  package static func write(_ bytes: [UInt8], to descriptor: Int32) throws {
    let transfer = Transfer(bytes, to: descriptor, patience: nil)
    try check(transfer.code, descriptor)
    // Network file systems and quotas may refuse only when a descriptor of the file is closed.
    let copy = dup(descriptor)
    if copy >= 0, close(copy) != 0, errno != EINTR { try check(errno, descriptor) }
  }

  private static func check(_ code: Int32, _ descriptor: Int32) throws {
    switch code {
    case 0: return
    case EPIPE: throw Closed()
    case EIO where isDevice(descriptor): throw Closed()
    case EBADF: throw InputError("cannot write: it is closed", path: "standard output")
    default:
      throw unsafe InputError(
        "cannot write: \(String(cString: strerror(code)))", path: "standard output")
    }
  }

  private static func isDevice(_ descriptor: Int32) -> Bool {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
  }

  /// Makes writing to a closed pipe an error instead of a signal that ends the process.
  ///
  /// - Returns: whether the signal would have ended it
  public static func ignoreClosedPipes() -> Bool {
    var (ignoring, before) = (sigaction(), sigaction())
    unsafe ignoring.__sigaction_handler.sa_handler = SIG_IGN
    unsafe sigaction(SIGPIPE, &ignoring, &before)
    return unsafe before.__sigaction_handler.sa_handler == nil
  }

  /// Ends the process as the signal would have, without a word.
  public static func endByClosedPipe() -> Never {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = SIG_DFL
    unsafe sigaction(SIGPIPE, &action, nil)
    raise(SIGPIPE)
    exit(128 + SIGPIPE)
  }
}

/// Lines for standard output, gathered for fewer writes; on a terminal each at once.
///
/// `flush` writes the gathered lines. After an error they are written as far as possible.
public final class OutputLines {
  private let descriptor: Int32
  private let size: Int
  private var pending: [UInt8] = []

  /// No lines.
  ///
  /// - Parameter descriptor: what is written to, standard output if not given
  public init(descriptor: Int32 = STDOUT_FILENO) {
    self.descriptor = descriptor
    size = isatty(descriptor) == 1 ? 0 : 1 << 16
  }

  deinit { _ = Transfer(pending, to: descriptor, patience: nil) }

  /// Writes `line` and a line feed, now or later.
  public func write(_ line: String) throws {
    pending += Array(line.utf8) + [UInt8(ascii: "\n")]
    if pending.count >= size { try flush() }
  }

  /// Writes what is gathered.
  public func flush() throws {
    var bytes: [UInt8] = []
    swap(&bytes, &pending)
    try StandardOutput.write(bytes, to: descriptor)
  }
}

/// Writes `text` and a line feed to standard error: progress, log, complaints.
package func printError(_ text: String) { StandardError.write(text + "\n") }
