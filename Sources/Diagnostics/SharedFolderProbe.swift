import Buffers
import Dist
import Files
import Foundation
import Storage

/// A hidden file that rank 0 writes into the run's output folder, and that every rank looks for.
struct SharedFolderProbe {
  private let communicator: Communicator
  private let path: String
  private let token: String
  private var output = ClusterFacts.Output()

  /// Seconds that a network file system may need to show a new file.
  private static let patience = 3.0

  /// Writes the file on rank 0, into `folder` or its nearest parent that exists. Collective.
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
    // The path of rank 0: relative to another working directory, it would be another place.
    path = String(decoding: try communicator.broadcast(Array(written.utf8)), as: UTF8.self)
    token = String(decoding: try communicator.broadcast(Array(id.utf8)), as: UTF8.self)
  }

  /// True if this rank finds the file with the text that rank 0 wrote, or if rank 0 could not write, which is reported separately.
  func isSeen() -> Bool {
    if path.isEmpty { return true }
    let start = ContinuousClock.now
    while true {
      if Path.exists(path), (try? FileReader.bytes(of: path)) == Array(token.utf8) { return true }
      if start.duration(to: .now).seconds > Self.patience { return false }
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  /// Removes the file when all ranks have looked for it; on rank 0, returns all facts about the folder. Collective.
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
