import Data
import Files

extension TaskSpec {
  /// The task that a user asked for, by its name or the path of its YAML file: one that is none is wrong usage.
  public static func asked(_ nameOrPath: String) throws(UsageError) -> TaskSpec {
    do { return try named(nameOrPath) } catch { throw UsageError("\(error)") }
  }
}
