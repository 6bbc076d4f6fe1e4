import Configuration
import Files

/// Rank 0's hold on a run directory: from the first look at it on nobody else reads there what a run goes on from, or writes.
///
/// A directory that is not there yet is made by `claim`, as soon as it is known that there will be a run.
final class RunDirectory {
  /// The path, as it was given.
  let path: String
  private let note: (String) -> Void
  private var lock: FolderLock?
  /// Whether `claim` made it.
  private var isNew = false
  /// The checkpoint that the run goes on from, verified under the lock; nil for the beginning.
  var checkpoint: String?
  /// What the run began with: the text of `config.yaml`.
  private(set) var configText = ""

  /// Tenths of a second to wait for another run: the ranks of a killed mpirun outlive it by about a second.
  static let patience = 30

  /// Locks the directory where there is one.
  ///
  /// - Parameter note: called with a sentence where it has to be waited for
  init(_ path: String, note: @escaping (String) -> Void) throws(InputError) {
    (self.path, self.note) = (Path.trimmed(path), note)
    if Path.exists(path) { lock = try acquire() }
  }

  /// Whether it is known what lies there.
  var isLocked: Bool { lock != nil }

  /// Makes the directory, and locks it, where that has not been done.
  ///
  /// - Returns: whether it was locked only now
  func claim() throws(InputError) -> Bool {
    if let lock, lock.isInPlace { return false }
    try Destination.requireFolder(path, replacing: false)
    isNew = !Path.exists(path)
    try FolderCommit.create(path)
    lock = try acquire()
    return true
  }

  /// Removes the directory again where a refused run made it and has written nothing there.
  func removeIfUnused() {
    guard isNew, (try? FolderCommit.contents(of: path)) == [".lock"] else { return }
    FolderCommit.remove(path)
  }

  /// Writes down what the run begins with, or keeps what is written there of its beginning.
  ///
  /// - Returns: what it began with
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

  /// Makes the directory anew where somebody removed it; only the checkpoints are gone.
  ///
  /// - Parameter log: is put back too
  /// - Returns: whether there was something to do
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
