import Foundation

/// What lies in one folder.
package struct FolderListing {
  /// What an entry is, links followed.
  package enum Kind: Sendable, Equatable {
    case file
    case folder
    /// A pipe, a socket or a device.
    case special
    /// A link to nothing, or in a circle.
    case lost
  }

  /// One entry.
  package struct Entry: Sendable {
    /// Its name.
    package var name: String
    /// Its kind, or that of what it links to.
    package var kind: Kind
    /// Whether it is a link.
    package var isLink: Bool
    /// The file or folder itself, whatever it is called.
    package var identity: FileIdentity
  }

  /// Sorted by the bytes of their names, hidden ones too.
  package private(set) var entries: [Entry] = []

  /// How many names are not valid UTF-8, so that they cannot be told and opened.
  package private(set) var unreadableNames = 0

  /// Lists `folder`.
  package init(_ folder: String) throws(InputError) {
    guard let opened = unsafe opendir(folder) else {
      throw .system("list the folder", path: folder, code: errno)
    }
    defer { unsafe closedir(opened) }
    while true {
      errno = 0
      guard let item = unsafe readdir(opened) else { break }
      let bytes = unsafe withUnsafeBytes(of: &item.pointee.d_name) { name in
        unsafe Array(name.prefix { $0 != 0 })
      }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        unreadableNames += 1
        continue
      }
      if name != ".", name != ".." { entries.append(FolderListing.entry(name, in: folder)) }
    }
    guard errno == 0 else { throw .system("list the folder", path: folder, code: errno) }
    entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func entry(_ name: String, in folder: String) -> Entry {
    let path = "\(folder)/\(name)"
    var own = stat()
    let isLink = unsafe lstat(path, &own) == 0 && own.st_mode & S_IFMT == S_IFLNK
    var found = stat()
    guard unsafe stat(path, &found) == 0 else {
      return Entry(name: name, kind: .lost, isLink: isLink, identity: FileIdentity(own))
    }
    let kind: Kind =
      switch found.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      default: .special
      }
    return Entry(name: name, kind: kind, isLink: isLink, identity: FileIdentity(found))
  }
}

/// A file or folder itself, whatever it is called: two paths with the same identity are one.
package struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64

  init(_ status: stat) {
    (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
  }

  /// That of what is at `path`, links followed; nil where nothing is.
  package init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(status)
  }
}

extension Path {
  /// Whether this process may read what is at `path`.
  package static func isReadable(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }
}
