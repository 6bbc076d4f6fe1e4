import TestSupport

/// A folder from which many tests start: the first test makes it, and each gets a copy.
struct PreparedFolder: Sendable {
  private let files: @Sendable () throws -> [String: [UInt8]]

  /// - Parameters:
  ///   - base: what is there before
  ///   - make: makes the rest
  init(on base: PreparedFolder? = nil, _ make: @escaping @Sendable (Sandbox) throws -> Void) {
    let made = Once {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        try base?.copy(to: folder)
        try make(sandbox)
        return try contents(of: folder)
      }
    }
    files = { try made.value() }
  }

  /// Calls `body` with a folder that holds it.
  func with(_ body: (Sandbox) throws -> Void) throws {
    try withTemporaryFolder { folder in
      try copy(to: folder)
      try body(Sandbox(folder: folder))
    }
  }

  private func copy(to folder: String) throws {
    for (path, bytes) in try files() { try put(bytes, at: "\(folder)/\(path)") }
  }
}
