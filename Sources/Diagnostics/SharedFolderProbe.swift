import Buffers
import Dist
import Files
import Foundation
import Storage

/// A hidden file that rank 0 writes where the run will write, and that every rank looks for.
struct SharedFolderProbe {
  private let communicator: Communicator
  private let path: String
  private let token: String
  private var output = ClusterFacts.Output()

  /// Seconds that a network file system may need to show a new file.
  private static let patience = 3.0

  /// Rank 0 writes, into `folder` or the one above it that is there. Collective.
  init(_ folder: String, _ communicator: Communicator) throws {
    self.communicator = communicator
    let id = UUID().uuidString
    var place = Path.trimmed(folder)
    while !Path.exists(place), place != Path.parent(place) { place = Path.parent(place) }
    output.path = folder
    output.folder = place
    var written = ""
    if communicator.isRoot {
      do {
        try FileWriter.write(id, to: "\(place)/.doctor-\(id)")
        written = "\(place)/.doctor-\(id)"
      } catch { output.problem = "\(error)" }
    }
    // As rank 0 names it: a path from another working directory is another place.
    path = String(decoding: try communicator.broadcast(Array(written.utf8)), as: UTF8.self)
    token = String(decoding: try communicator.broadcast(Array(id.utf8)), as: UTF8.self)
  }

  /// Whether this rank finds it with what rank 0 wrote. True where rank 0 could not write: that is another matter.
  func isSeen() -> Bool {
    if path.isEmpty { return true }
    let start = ContinuousClock.now
    while true {
      if Path.exists(path), (try? FileReader.bytes(of: path)) == Array(token.utf8) { return true }
      if start.duration(to: .now).seconds > Self.patience { return false }
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  /// Removes it when all have looked, and says what else there is to say of the folder; rank 0's. Collective.
  func finish() throws -> ClusterFacts.Output {
    try communicator.barrier()
    var output = output
    guard communicator.isRoot, !path.isEmpty else { return output }
    if !FolderCommit.remove(path) {
      output.problem = "\(path) could not be removed; remove it by hand"
    }
    output.free = FreeSpace.bytes(at: output.folder)
    output.inodes = FreeSpace.files(at: output.folder)
    output.largestFile = ProcessLimit.fileSize.value
    output.checkpoints =
      (try? CheckpointStore("\(output.path)/checkpoints").candidates())?.count ?? 0
    return output
  }
}
