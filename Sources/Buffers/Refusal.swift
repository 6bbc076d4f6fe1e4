#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Ends a process that the system refuses memory or a thread: it prints one sentence to standard error and exits with status 1.
///
/// Limits that are known are checked before anything is allocated, and reported as errors; this covers the rest. Other ranks may
/// be waiting inside a collective, so nothing is finalized: mpirun and srun end the job when a rank exits like this.
public enum Refusal {
  /// Ends the process: `bytes` of memory were refused.
  ///
  /// - Parameter purpose: what they were for, `weights` say
  public static func memory(_ bytes: Int, for purpose: String) -> Never {
    end(
      "the system refused \(bytes) bytes of memory for \(purpose)\(limits([.addressSpace, .data])): raise the limit, "
        + "or choose a smaller model or --micro-batch, --recompute, or fewer --threads")
  }

  /// Ends the process: a thread was refused, after `started` others of this program's.
  public static func thread(after started: Int) -> Never {
    end(
      "the system allows no more threads\(limits([.processes, .addressSpace])): give --threads \(max(1, started)), or "
        + "raise the limit")
  }

  /// Ends the process: it may open no more files, or pipes.
  public static func openFiles(for purpose: String) -> Never {
    end(
      "the system refused a file or pipe for \(purpose)\(limits([.openFiles])): raise the limit: ulimit -n 1024"
    )
  }

  /// Ends the process: the library of matrix products, as it was built, serves only `served` threads.
  public static func products(served: Int) -> Never {
    end(
      "this build of OpenBLAS serves no more than \(served) threads: give --threads \(served)"
    )
  }

  /// `(ulimit -v 300000 KiB, ulimit -d 2000 KiB)` with a space before it, of those that are set.
  private static func limits(_ limits: [ProcessLimit]) -> String {
    let texts = limits.compactMap(\.text)
    return texts.isEmpty ? "" : " (\(texts.joined(separator: ", ")))"
  }

  /// In one write, so that the lines of several ranks do not mix.
  private static func end(_ sentence: String) -> Never {
    var line = "gpt1-dist: \(sentence)\n"
    line.withUTF8 { bytes in
      // If standard error accepts nothing, the exit status still reports the failure.
      _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
    _exit(1)
  }
}
