import Foundation

/// The repository that the tests were built from.
public enum Repository {
  /// Its root.
  public static let path = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}
