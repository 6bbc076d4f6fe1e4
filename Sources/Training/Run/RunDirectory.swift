import Configuration
import Files

/// Rank 0's lock on a run directory. While it is held, no other run chooses a checkpoint there or writes there.
///
/// A missing directory is created by `claim`, as soon as it is certain that there will be a run.
final class RunDirectory {
  /// The path, as it was given.
  let path: String
  private let note: (String) -> Void
  private var lock: FolderLock?
  /// True if `claim` created the directory.
  private var isNew = false
  /// The checkpoint to resume from, verified under the lock; nil to start from the beginning.
  var checkpoint: String?
  /// The text of `config.yaml`, the configuration that the run began with.
  private(set) var configText = ""

  /// Tenths of a second to wait for another run: the ranks of a killed mpirun outlive it by about a second.
  static let patience = 30

  /// Locks the directory if it exists.
  ///
  /// - Parameter note: called with a sentence if the lock has to be waited for
  init(_ path: String, note: @escaping (String) -> Void) throws(InputError) {
    (self.path, self.note) = (Path.trimmed(path), note)
    if Path.exists(path) { lock = try acquire() }
  }

  /// True if the directory is locked, so that its contents are known.
  var isLocked: Bool { lock != nil }

  /// Creates and locks the directory, unless that has been done.
  ///
  /// - Returns: true if the directory was not locked before
  func claim() throws(InputError) -> Bool {
    if let lock, lock.isInPlace { return false }
    try Destination.requireFolder(path, replacing: false)
    isNew = !Path.exists(path)
    try FolderCommit.create(path)
    lock = try acquire()
    return true
  }

  /// Removes the directory if this run was refused after creating it, and has written nothing there.
  func removeIfUnused() {
    guard isNew, (try? FolderCommit.contents(of: path)) == [".lock"] else { return }
    FolderCommit.remove(path)
  }

  /// Writes `config.yaml` at the beginning of a run; later keeps the file that is there.
  ///
  /// - Returns: the configuration that the run began with
  package func record(_ config: RunConfig, isBeginning: Bool) throws -> RunConfig {
    let file = "\(path)/config.yaml"
    if !isBeginning, Path.exists(file) {
      do {
        let began = try RunConfig.read(run: file)
        let reader = try FileReader(file)
        configText = String(
          decoding: try reader.read(UInt8.self, at: 0, count: reader.size), as: UTF8.self)
        return began
      } catch {
        note(
          "\(error). The configuration that the run began with is lost; the current one is written in its place"
        )
      }
    }
    configText = try config.yaml
    try FileWriter.replace(file, with: configText)
    return try RunConfig.read(run: file)
  }

  /// Creates the directory again if somebody removed it; only the checkpoints are lost.
  ///
  /// - Parameter log: the file that is put back too
  /// - Returns: true if something was missing
  func putBack(_ log: AppendedFile) throws -> Bool {
    let isLocked = lock?.isInPlace == true
    if log.isInPlace, isLocked { return false }
    try FolderCommit.create(path)
    if !isLocked { lock = try FolderLock(path) }
    if !log.isInPlace { try log.putBack() }
    try FileWriter.replace("\(path)/config.yaml", with: configText)
    return true
  }

  private func acquire() throws(InputError) -> FolderLock {
    try FolderLock(path, patience: RunDirectory.patience) {
      note(
        "\(path) is in use by another run: waiting up to \(RunDirectory.patience / 10) s for it to end"
      )
    }
  }
}
