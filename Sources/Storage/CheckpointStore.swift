import Files

/// A committed checkpoint: the number of steps done, and its folder.
public struct Checkpoint: Sendable, Equatable {
  /// The number of steps done.
  public let step: Int

  /// The path of the folder, `…/step-00001000`.
  public let folder: String

  /// Returns one error for each file that is not as it was written; empty if there are none.
  public func verify() -> [InputError] { SumsFile.verify(folder) }
}

/// The checkpoints of a run: folders `step-00001000` that are committed as a whole, with hashes of all their files. Used by one process at
/// a time, rank 0.
public struct CheckpointStore: Sendable {
  /// The folder that contains the checkpoints, `RUN/checkpoints`; the first save creates it.
  public let folder: String

  /// Collects reports of checkpoints and leftovers that cannot be removed.
  public let housekeeping = Housekeeping()

  /// The store in `folder`, which need not exist yet.
  public init(_ folder: String) {
    self.folder = Path.trimmed(folder)
  }

  /// The file with the state that a run needs to continue, besides weights and optimizer state.
  package static let trainerName = "trainer.json"
  /// The file with the optimizer state.
  package static let optimizerName = "optimizer.safetensors"

  /// The number of inodes of a checkpoint, with a margin: its files and folder, and the files that it replaces.
  package static let files = 16

  /// Commits the checkpoint of `step` and removes older ones beyond the newest `keep`, including this one.
  ///
  /// An existing checkpoint of the same step is replaced: the run went back behind it because it did not verify. Later checkpoints are kept
  /// for the same reason, until the run reaches them. No older checkpoint is removed before the new one has been read back and verified. A
  /// checkpoint that cannot be removed stays, and the next save tries again.
  ///
  /// - Parameters:
  ///   - keepEvery: Checkpoints of multiples of this step are never removed; 0 for none.
  ///   - bytes: The size of the new checkpoint: nothing is written if less space is free.
  ///   - body: Writes the files into the given folder and returns digests by file name, so that those files are not read again.
  /// - Throws: errors of `body`, or an InputError; the earlier checkpoints are then unchanged.
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
        "\(problem.reason), right after it was written; check the disk. Older checkpoints are kept",
        path: problem.path)
    }
    for checkpoint in old.reversed() { FolderCommit.remove(checkpoint.folder, housekeeping) }
    return new
  }

  /// The path of the checkpoint of `step`, which need not exist.
  public func path(of step: Int) -> String { "\(folder)/\(CheckpointStore.name(of: step))" }

  /// All committed checkpoints, newest first, not verified.
  public func candidates() throws(InputError) -> [Checkpoint] {
    guard Path.exists(folder) else { return [] }
    return try FolderCommit.contents(of: folder).compactMap { name in
      CheckpointStore.step(of: name).map { Checkpoint(step: $0, folder: "\(folder)/\(name)") }
    }.sorted { $0.step > $1.step }
  }

  /// The newest checkpoint that verifies; nil if there are no checkpoints.
  ///
  /// - Parameters:
  ///   - limit: Only checkpoints of earlier steps are considered; nil for all.
  ///   - report: Called with a sentence for each damaged file in newer checkpoints, which are skipped.
  /// - Throws: an InputError if there are checkpoints and none verifies.
  public func newestGood(
    before limit: Int? = nil, report: (String) -> Void
  ) throws(InputError) -> Checkpoint? {
    let all = try candidates().filter { checkpoint in limit.map { checkpoint.step < $0 } ?? true }
    for checkpoint in all {
      let problems = checkpoint.verify()
      if problems.isEmpty { return checkpoint }
      for problem in problems {
        report("\(problem); the checkpoint of step \(checkpoint.step) is skipped")
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

  /// The step of a folder with this name; nil if it is not the name of a checkpoint.
  private static func step(of name: String) -> Int? {
    guard name.hasPrefix(prefix), let step = Int(name.dropFirst(prefix.count)), step >= 0,
      name == self.name(of: step)
    else { return nil }
    return step
  }
}
