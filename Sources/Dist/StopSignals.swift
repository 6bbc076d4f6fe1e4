import CMPI
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Signals that ask the program to stop, looked at between steps instead of handled.
///
/// They are blocked and stay pending until the main thread asks: no global state, nothing interrupted
/// in MPI. Threads that a library started before `main` (OpenBLAS does, with more than one CPU) block
/// nothing: a signal that reaches one is handed on to the main thread. `mpirun` hands on SIGUSR1 but
/// answers SIGTERM and SIGINT itself, by ending the ranks within two seconds.
public struct StopSignals: Sendable {
  private let signals: [Int32]

  /// Blocks `signals` in this thread and in all that it starts from now on: to be made before
  /// `MPI.run`, on the main thread.
  ///
  /// A hang-up that whoever started the program had ignored (nohup) stays so.
  public init(_ signals: [Int32] = [SIGTERM, SIGINT, SIGUSR1, SIGHUP]) {
    let signals = signals.filter { $0 != SIGHUP || !StopSignals.isIgnored($0) }
    self.signals = signals
    change(SIG_BLOCK, signals)
    for signal in signals {
      answer(signal) { cmpi_signal_main_thread($0) }
    }
  }

  /// The name of a signal that came since the last look; nil where none did. On the main thread.
  ///
  /// After the first Ctrl-C a second one ends the process at once, as usual.
  public func received() -> String? {
    var pending = sigset_t()
    unsafe sigpending(&pending)
    let came = signals.filter { unsafe sigismember(&pending, $0) == 1 }
    guard let first = came.first else { return nil }
    for signal in came { take(signal) }
    if came.contains(SIGINT) {
      answer(SIGINT, SIG_DFL)
      change(SIG_UNBLOCK, [SIGINT])
    }
    return unsafe strsignal(first).map { unsafe String(cString: $0) } ?? "signal \(first)"
  }

  private static func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    unsafe sigaction(signal, nil, &action)
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  package func take(_ signal: Int32) {
    var set = StopSignals.set([signal])
    var number: Int32 = 0
    unsafe sigwait(&set, &number)
  }

  private func answer(_ signal: Int32, _ handler: __sighandler_t?) {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = handler
    action.sa_flags = SA_RESTART
    unsafe sigaction(signal, &action, nil)
  }

  private func change(_ how: Int32, _ signals: [Int32]) {
    var set = StopSignals.set(signals)
    unsafe pthread_sigmask(how, &set, nil)
  }

  private static func set(_ signals: [Int32]) -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
    return set
  }
}
