import Buffers
import Files

/// Limits on this process under which MPI cannot begin. It would say so itself, on two pages and without the limit's name.
enum StartLimits {
  /// The resources that MPI takes when it starts, measured with Open MPI 4.1: files, threads (and, if no mpirun started it, a helper process
  /// with its own threads), bytes of address space and of data.
  private static let (files, threads, threadsAlone) = (32, 3, 7)
  private static let (addresses, data) = (176 << 20, 32 << 20)
  /// The largest file that MPI's processes share memory by.
  private static let sharedFile = 5 << 20

  /// A sentence that names the limit that is too small, and what to do; nil if MPI can start.
  ///
  /// - Parameter isAlone: whether no launcher has started this process
  static func obstacle(isAlone: Bool) -> String? {
    let system = SystemFiles()
    if let limit = ProcessLimit.openFiles.value, limit < files {
      return
        "this process may open \(limit) files (\(ProcessLimit.openFiles.text(limit))), but MPI needs \(files): "
        + "raise the limit: ulimit -n 1024"
    }
    if let limit = ProcessLimit.fileSize.value, limit < sharedFile {
      return
        "this process may write files of \(limit) bytes (\(ProcessLimit.fileSize.text(limit))), but MPI needs "
        + "\(sharedFile): \(ProcessLimit.fileSize.remedy)"
    }
    for (limit, label, needed, what) in [
      (ProcessLimit.addressSpace, "VmSize", addresses, "of address space"),
      (.data, "VmData", data, "of data"),
    ] {
      guard let most = limit.value, let used = system.status(label), most - used < needed else {
        continue
      }
      return
        "this process has \(used >> 20) MiB \(what), and MPI needs \(needed >> 20) MiB more, but it may have only "
        + "\(most >> 20) MiB (\(limit.text(most))): \(limit.remedy)"
    }
    if isAlone, let problem = temporaryFolderProblem { return problem }
    let needed = isAlone ? threadsAlone : threads
    // The address space of their stacks is judged above.
    let found = SystemThread.available(needed, stackBytes: SystemThread.smallestStack).count
    guard found < needed else { return nil }
    let limits = [
      ProcessLimit.processes.text,
      system.controlGroups.processes.map { "\($0.name) is \($0.value)" },
    ].compactMap { $0 }.joined(separator: ", ")
    return
      "the system allows only \(found) more \(found == 1 ? "thread or process" : "threads and processes")\(limits.isEmpty ? "" : " (\(limits))"), but MPI "
      + "needs \(needed): raise the limit: ulimit -u unlimited"
  }

  /// The reason why MPI cannot create its folder among the temporary files, if no launcher has made one; nil if it can.
  private static var temporaryFolderProblem: String? {
    let folder = Path.temporary
    let remedy = "set TMPDIR to a writable folder with free space"
    do throws(InputError) {
      try Destination.requireFolder(folder, replacing: false)
      try FreeSpace.require(sharedFile, files: 16, for: "MPI", at: folder)
    } catch {
      return "MPI needs the folder for temporary files: \(error); or \(remedy)"
    }
    guard Path.isFolder(folder) else {
      return "MPI keeps temporary files in \(folder), but there is no such folder: \(remedy)"
    }
    return nil
  }
}
