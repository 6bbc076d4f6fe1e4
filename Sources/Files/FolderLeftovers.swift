import Foundation

// The hidden names beside a folder or file: while it is written, replaced or removed.
extension FolderCommit {
  /// Removes what killed processes left hidden in `parent`, as far as it can be removed, or puts it back in its place: of `name`, or
  /// of any name. A missing `parent` has none.
  public static func removeLeftovers(
    in parent: String, of name: String? = nil, _ housekeeping: Housekeeping = .init()
  ) throws(InputError) {
    guard let names = System.names(in: parent) else {
      // A folder that may not be listed may still be written to.
      guard errno == ENOENT || errno == EACCES else {
        throw .system("list the folder", path: parent, code: errno)
      }
      return
    }
    // If several were set aside, the last one is restored.
    for item in names.sorted(by: { ($0.utf8.count, $0) > ($1.utf8.count, $1) }) {
      guard let leftover = Leftover(item),
        name.map({ leftover.original.utf8.elementsEqual($0.utf8) }) ?? true
      else { continue }
      let (hidden, original) = ("\(parent)/\(item)", "\(parent)/\(leftover.original)")
      switch leftover.kind {
      case .ready: try finish(hidden, into: original, housekeeping)
      case .replaced where FileStatus(original, followingLinks: false) == nil:
        try rename(hidden, to: original)
      case .replaced, .partial: discard(hidden, housekeeping)
      }
    }
  }

  /// Removes what killed processes left while they wrote the file `path`. Whoever lives may be writing it now.
  static func removeLeftovers(ofFile path: String) {
    let parent = Path.parent(path)
    for item in System.names(in: parent) ?? [] {
      guard let leftover = Leftover(item), leftover.kind == .partial,
        leftover.original.utf8.elementsEqual(Path.name(path).utf8),
        let process = leftover.process, kill(process, 0) != 0, errno == ESRCH
      else { continue }
      _ = System.removeFile("\(parent)/\(item)")
    }
  }

  /// The parts of a hidden name.
  private struct Leftover {
    /// The state in which it was left.
    enum Kind: String, CaseIterable {
      /// It is being written, or was replaced or removed: nobody needs it.
      case partial = ".partial-"
      /// It was whole, and is to be put back where nothing has its name.
      case replaced = ".replaced"
      /// It is whole, and is to take the place of what has its name.
      case ready = ".ready-to-replace"
    }

    let kind: Kind
    let original: String
    /// Process id of the writer.
    let process: Int32?

    /// Nil where `item` is no such name: `.ORIGINAL`, the mark, and numbers with hyphens between.
    init?(_ item: String) {
      guard item.utf8.first == UInt8(ascii: ".") else { return nil }
      let isNumber = { (byte: UInt8) in byte == UInt8(ascii: "-") || 0x30...0x39 ~= byte }
      let numbers = Array(item.utf8.reversed().prefix(while: isNumber).reversed())
      let stem = item.utf8.dropLast(numbers.count)
      for kind in Kind.allCases {
        var mark = Array(kind.rawValue.utf8)
        if mark.last == UInt8(ascii: "-") { mark.removeLast() }
        let count = stem.count - mark.count - 1
        guard count > 0, stem.suffix(mark.count).elementsEqual(mark),
          (kind == .partial) == (numbers.first == UInt8(ascii: "-") && numbers.count > 1)
            || kind == .replaced
        else { continue }
        self.kind = kind
        original = String(Substring(stem.dropFirst().prefix(count)))
        process = String(decoding: numbers, as: UTF8.self).split(separator: "-").first
          .flatMap { Int32($0) }
        return
      }
      return nil
    }
  }

  /// A hidden name beside `folder` that nothing has.
  static func freeName(of folder: String) -> String { free(folder, .partial, "\(getpid())") }

  /// The hidden name that `folder` is set aside under.
  static func replacedName(of folder: String) -> String { free(folder, .replaced) }

  /// The hidden name of a whole folder that is to take the place of `folder`.
  static func readyName(of folder: String) -> String {
    "\(Path.parent(folder))/.\(Path.name(folder))\(Leftover.Kind.ready.rawValue)"
  }

  /// With the first number from 2 on that is free, where it needs one.
  private static func free(
    _ folder: String, _ kind: Leftover.Kind, _ process: String = ""
  ) -> String {
    let path = "\(Path.parent(folder))/.\(Path.name(folder))\(kind.rawValue)\(process)"
    var (candidate, number) = (path, 1)
    while FileStatus(candidate, followingLinks: false) != nil {
      number += 1
      candidate = "\(path)-\(number)"
    }
    return candidate
  }
}
