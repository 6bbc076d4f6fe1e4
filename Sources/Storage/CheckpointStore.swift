import Files

/// A committed checkpoint: the step after which it was taken, and its folder.
public struct Checkpoint: Sendable, Equatable {
  /// The number of steps done.
  public let step: Int

  /// The path of the folder, `…/step-00001000`.
  public let folder: String

  /// What is wrong with its files, one error each; empty if all are as they were written.
  public func verify() -> [InputError] { SumsFile.verify(folder) }
}

/// The checkpoints of a run: folders `step-00001000` that are committed whole, with hashes of all
/// their files. For one process at a time, rank 0.
public struct CheckpointStore: Sendable {
  /// The folder of the folders, `RUN/checkpoints`; made by the first save.
  public let folder: String

  /// Told of checkpoints and leftovers that cannot be removed.
  public let housekeeping = Housekeeping()

  /// The store in `folder`, which need not exist yet.
  public init(_ folder: String) {
    self.folder = Path.trimmed(folder)
  }

  /// The file with what a run needs to go on besides weights and the optimizer's state.
  package static let trainerName = "trainer.json"
  /// The file with the optimizer's state.
  package static let optimizerName = "optimizer.safetensors"

  /// The inodes that a checkpoint takes, with some to spare: its files and folder, and the files that are replaced.
  package static let files = 16

  /// Commits the checkpoint of `step` and removes older ones beyond the newest `keep`, this one
  /// counted.
  ///
  /// One of the same step is replaced: the run went back behind it because it did not verify. Later
  /// ones stay, for the same reason and until the run comes to them. No older one is removed
  /// before the new one has been read back and verified. One that cannot be removed stays, and the
  /// next save tries again.
  ///
  /// - Parameters:
  ///   - keepEvery: Checkpoints of steps that it divides are never removed; 0 for none.
  ///   - bytes: Those that the new one needs: nothing is written where fewer are free.
  ///   - body: Writes the files into the folder it is given; the digests it returns, by file name,
  ///     spare reading those files again.
  /// - Throws: what `body` throws, or an InputError; the earlier checkpoints are then as they were.
  @discardableResult
  public func save(
    step: Int, keep: Int, keepEvery: Int = 0, bytes: Int = 0,
    _ body: (String) throws -> [String: FileDigest]
  ) throws -> Checkpoint {
    precondition(
      step >= 0 && keep >= 1 && keepEvery >= 0, "step \(step), keep \(keep), every \(keepEvery)")
    try FolderCommit.removeLeftovers(in: folder, housekeeping)
    try FreeSpace.require(
      bytes, files: CheckpointStore.files, for: "a checkpoint", at: folder)
    let new = Checkpoint(step: step, folder: path(of: step))
    try FolderCommit.commit(new.folder, existing: .replaced, housekeeping: housekeeping) {
      partial in
      try SumsFile.write(in: partial, known: body(partial))
    }
    let old = try candidates().filter { $0.step <= step }.dropFirst(keep).filter {
      keepEvery == 0 || $0.step % keepEvery != 0
    }
    if !old.isEmpty, let problem = new.verify().first {
      throw InputError(
        "\(problem.reason), right after it was written; look at the disk. Older checkpoints stay",
        path: problem.path)
    }
    for checkpoint in old.reversed() { FolderCommit.remove(checkpoint.folder, housekeeping) }
    return new
  }

  /// The folder of the checkpoint of `step`, whether it exists or not.
  public func path(of step: Int) -> String { "\(folder)/\(CheckpointStore.name(of: step))" }

  /// All committed checkpoints, newest first, not verified.
  public func candidates() throws(InputError) -> [Checkpoint] {
    guard Path.exists(folder) else { return [] }
    return try FolderCommit.contents(of: folder).compactMap { name in
      CheckpointStore.step(of: name).map { Checkpoint(step: $0, folder: "\(folder)/\(name)") }
    }.sorted { $0.step > $1.step }
  }

  /// The newest checkpoint that verifies, or nil where there is none at all.
  ///
  /// - Parameters:
  ///   - limit: Only those of earlier steps are looked at; nil for all.
  ///   - report: Called with a sentence for each file at fault in the newer ones, which are passed
  ///     over.
  /// - Throws: InputError if there are checkpoints and none verifies.
  public func newestGood(
    before limit: Int? = nil, report: (String) -> Void
  ) throws(InputError) -> Checkpoint? {
    let all = try candidates().filter { checkpoint in limit.map { checkpoint.step < $0 } ?? true }
    for checkpoint in all {
      let problems = checkpoint.verify()
      if problems.isEmpty { return checkpoint }
      for problem in problems {
        report("\(problem); the checkpoint of step \(checkpoint.step) is passed over")
      }
    }
    guard all.isEmpty else {
      throw InputError(
        (all.count == 1
          ? "the only checkpoint does not verify" : "none of the \(all.count) checkpoints verifies")
          + "; restore one, or start in another folder",
        path: folder)
    }
    return nil
  }

  private static let prefix = "step-"

  private static func name(of step: Int) -> String {
    let digits = String(step)
    return prefix + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }

  /// The step whose folder has exactly that name.
  private static func step(of name: String) -> Int? {
    guard name.hasPrefix(prefix), let step = Int(name.dropFirst(prefix.count)), step >= 0,
      name == self.name(of: step)
    else { return nil }
    return step
  }
}
