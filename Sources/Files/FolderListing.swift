import Foundation

// Contents of folders.
extension FolderCommit {
  /// The regular files anywhere below `folder`, which may be a link to one, and the folders too if
  /// asked for: relative paths, sorted by their bytes. Links to files count as files; folders that are links are not entered.
  package static func files(
    in folder: String, folders: Bool = false
  ) throws(InputError) -> [String] {
    var found: [String] = []
    var waiting = [""]
    while let place = waiting.popLast() {
      for name in try contents(of: place.isEmpty ? folder : "\(folder)/\(place)") {
        let item = place.isEmpty ? name : "\(place)/\(name)"
        guard let kind = FileStatus("\(folder)/\(item)")?.kind else { continue }
        if kind != .folder || folders { found.append(item) }
        if FileStatus("\(folder)/\(item)", followingLinks: false)?.kind == .folder {
          waiting.append(item)
        }
      }
    }
    let names = found.map { (name: $0, bytes: FileName.bytes($0)) }
    return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map(\.name)
  }

  /// The names in `folder`, hidden ones too, in no order.
  package static func contents(of folder: String) throws(InputError) -> [String] {
    guard let names = System.names(in: folder) else {
      throw .system("list the folder", path: folder, code: errno)
    }
    return names
  }
}
