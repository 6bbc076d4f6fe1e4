/// The range of numbers that a key accepts.
package struct KeyRange: Sendable {
  private let least: Double
  private let most: Double
  /// True if the bound itself is excluded.
  private var isAboveLeast = false
  private var isBelowMost = false
  /// The text after "it must" in an error.
  private let rule: String
  /// For a table: `1 or more`.
  let description: String

  private init(_ least: Double, _ most: Double, _ rule: String, _ description: String) {
    (self.least, self.most) = (least, most)
    (self.rule, self.description) = (rule, description)
  }

  /// Far above any sensible size, and small enough that sums and products of two do not overflow.
  private static let largest = 1 << 31

  /// Whole numbers from `least` on.
  static func atLeast(_ least: Int) -> KeyRange {
    KeyRange(
      Double(least), Double(largest), least == 0 ? "not be negative" : "be at least \(least)",
      "\(least) or more")
  }

  static func within(_ range: ClosedRange<Int>) -> KeyRange {
    let (least, most) = (range.lowerBound, range.upperBound)
    return KeyRange(
      Double(least), Double(most), "lie between \(least) and \(most)", "\(least) to \(most)")
  }

  /// From 0 to 1, both included.
  static let share = KeyRange(0, 1, "lie between 0 and 1", "0 to 1")

  /// From 0 to below 1.
  static let probability: KeyRange = {
    var range = KeyRange(0, 1, "be at least 0 and below 1", "0 to below 1")
    range.isBelowMost = true
    return range
  }()

  /// Finite numbers from 0 on.
  static let notNegative = KeyRange(
    0, .greatestFiniteMagnitude, "be a number that is not negative", "0 or more")

  /// Finite numbers above 0.
  static let positive: KeyRange = {
    var range = KeyRange(0, .greatestFiniteMagnitude, "be a number above 0", "above 0")
    range.isAboveLeast = true
    return range
  }()

  /// The text after "it must" in an error about a number outside the range; nil for a number inside.
  package func problem(_ number: Double) -> String? {
    if number > most, most == Double(KeyRange.largest) {
      return "not be above \(KeyRange.largest)"
    }
    let isWithin =
      (isAboveLeast ? number > least : number >= least)
      && (isBelowMost ? number < most : number <= most)
    return isWithin ? nil : rule
  }
}
