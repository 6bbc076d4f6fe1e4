import Files
import Foundation

/// The program that `FilesTests` starts under strace, as another user and on other file systems: `WriterProgram WAY PATH [CONTENT]`.
@main
enum Program {
  static func main() {
    let arguments = FileName.arguments()
    guard arguments.count >= 2 else { exit(2) }
    let (way, path) = (arguments[0], arguments[1])
    let content = arguments.count > 2 ? arguments[2] : ""
    let housekeeping = Housekeeping()
    do {
      switch way {
      case "file": try FileWriter.replace(path, with: content)
      case "log": try AppendedFile(path).append(content)
      case "folder":
        try FolderCommit.commit(path, existing: .replaced, housekeeping: housekeeping) { folder in
          for name in ["a", "b"] { try FileWriter.write(content, to: "\(folder)/\(name)") }
          try SumsFile.write(in: folder)
        }
      case "remove":
        // A leftover is reported once, however often its removal is tried.
        for _ in 1...2 { print("removed: \(FolderCommit.remove(path, housekeeping))") }
      case "require-file": try Destination.requireFile(path)
      case "require-folder": try Destination.requireFolder(path, replacing: true)
      case "read": print(try FileReader.text(of: path))
      default: exit(2)
      }
      for text in housekeeping.news() { print("warning: \(text)") }
    } catch {
      print("error: \(error)")
      exit(1)
    }
  }
}
