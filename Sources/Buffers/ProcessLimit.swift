#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A limit that the shell, the batch system or a daemon has set on this process: what `ulimit` shows and changes.
public enum ProcessLimit: String, Sendable, CaseIterable, Codable {
  case addressSpace, data, stack, fileSize, openFiles, processes

  /// The soft limit, in bytes or as a number; nil where there is none.
  public var value: Int? {
    var limit = rlimit()
    guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < 1 << 62 else { return nil }
    return Int(limit.rlim_cur)
  }

  /// The command that prints it: `ulimit -v`.
  public var command: String { "ulimit -\(option)" }

  /// `ulimit -v 300000 KiB`, or `ulimit -n 16` where it counts no bytes; as `ulimit` prints it.
  public func text(_ value: Int) -> String {
    unit > 1 ? "\(command) \(value / unit) KiB" : "\(command) \(value)"
  }

  /// The same of the soft limit; nil where there is none.
  public var text: String? { value.map(text) }

  /// The advice for raising it.
  public var remedy: String { "raise it: \(command) unlimited" }

  private var option: String {
    switch self {
    case .addressSpace: "v"
    case .data: "d"
    case .stack: "s"
    case .fileSize: "f"
    case .openFiles: "n"
    case .processes: "u"
    }
  }

  /// Bytes of what `ulimit` counts; 1 for a number.
  private var unit: Int {
    switch self {
    case .addressSpace, .data, .stack, .fileSize: 1_024
    case .openFiles, .processes: 1
    }
  }

  private var resource: Int32 {
    switch self {
    case .addressSpace: number(RLIMIT_AS)
    case .data: number(RLIMIT_DATA)
    case .stack: number(RLIMIT_STACK)
    case .fileSize: number(RLIMIT_FSIZE)
    case .openFiles: number(RLIMIT_NOFILE)
    case .processes: number(processesResource())
    }
  }
}

#if canImport(Glibc)
  private func processesResource() -> __rlimit_resource { __RLIMIT_NPROC }
  private func number(_ resource: __rlimit_resource) -> Int32 { Int32(resource.rawValue) }
#else
  private func processesResource() -> Int32 { RLIMIT_NPROC }
  private func number(_ resource: Int32) -> Int32 { resource }
#endif
