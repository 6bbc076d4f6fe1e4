import Data
import Files

extension TaskSpec {
  /// The task that a user named, by its name or the path of its YAML file; an error is a UsageError.
  public static func asked(_ nameOrPath: String) throws(UsageError) -> TaskSpec {
    do { return try named(nameOrPath) } catch { throw UsageError("\(error)") }
  }
}
