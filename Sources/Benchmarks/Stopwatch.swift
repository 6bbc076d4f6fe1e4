extension Clock where Duration == Swift.Duration {
  /// The seconds that `body` took.
  func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = now
    try body()
    return start.duration(to: now).seconds
  }
}
