/// The rules of one edition as the matchers use them. Chunks, affixes and words are scalars. A class, because every matcher holds it.
final class RuleSet: Sendable {
  let edition: WordRules.Edition

  let alpha: CharacterClass
  let lower: CharacterClass
  let upper: CharacterClass
  let icons: CharacterClass
  /// Characters after which a period at the end of a chunk is a word.
  let beforePeriod: CharacterClass
  /// Characters before and after a period that parts two words.
  let beforeInnerPeriod: CharacterClass
  let afterInnerPeriod: CharacterClass

  /// Literal prefixes by their first character, in the order in which they are tried.
  let prefixes: [UInt32: [[UInt32]]]
  /// Literal suffixes by their last character.
  let suffixes: [UInt32: [[UInt32]]]
  /// Currencies and units, which are suffixes after a digit, by their last character.
  let afterDigit: [UInt32: [[UInt32]]]
  /// Hyphens between letters, in the order in which they are tried.
  let hyphens: [[UInt32]]

  /// The exceptions, with the lengths of their words.
  let exceptions: [[UInt32]: [Int]]
  /// The number of characters of the longest exception.
  let longestException: Int

  init(_ edition: WordRules.Edition) {
    self.edition = edition
    let isOld = edition == .year2018
    func table(_ old: String, _ current: String) -> String { isOld ? old : current }
    func list(_ old: String, _ current: String) -> [[UInt32]] {
      table(old, current).utf8.words.map(\.scalars)
    }
    let lowerTable = table(Rules2018.lower, RulesCurrent.lower)
    let upperTable = table(Rules2018.upper, RulesCurrent.upper)
    alpha = CharacterClass(table(Rules2018.alpha, RulesCurrent.alpha))
    lower = CharacterClass(lowerTable)
    upper = CharacterClass(upperTable)
    icons = CharacterClass(table(Rules2018.icons, RulesCurrent.icons))
    beforePeriod = CharacterClass(
      lowerTable, table(Rules2018.beforePeriod, RulesCurrent.beforePeriod))
    beforeInnerPeriod = CharacterClass(
      lowerTable, table(Rules2018.beforeInnerPeriod, RulesCurrent.beforeInnerPeriod))
    afterInnerPeriod = CharacterClass(
      upperTable, table(Rules2018.afterInnerPeriod, RulesCurrent.afterInnerPeriod))
    prefixes = Self.grouped(list(Rules2018.prefixes, RulesCurrent.prefixes)) { $0[0] }
    suffixes = Self.grouped(list(Rules2018.suffixes, RulesCurrent.suffixes)) { $0[$0.count - 1] }
    afterDigit = Self.grouped(
      list(Rules2018.currency, RulesCurrent.currency) + list(Rules2018.units, RulesCurrent.units)
    ) { $0[$0.count - 1] }
    hyphens = list(Rules2018.hyphens, RulesCurrent.hyphens)
    var exceptions: [[UInt32]: [Int]] = [:]
    let dot: UInt32 = 0xB7
    for entry in list(Rules2018.exceptions, RulesCurrent.exceptions) {
      let parts = entry.split(separator: dot)
      let text = entry.filter { $0 != dot }
      exceptions[text] = parts.map(\.count)
      // spaCy's expand_exc: the same with typographic apostrophes.
      exceptions[text.map { $0 == UInt32(ascii: "'") ? 0x2019 : $0 }] = parts.map(\.count)
    }
    self.exceptions = exceptions
    longestException = exceptions.keys.reduce(0) { max($0, $1.count) }
  }

  private static func grouped(
    _ literals: [[UInt32]], by key: ([UInt32]) -> UInt32
  ) -> [UInt32: [[UInt32]]] {
    Dictionary(grouping: literals, by: key)
  }

  /// The lengths of the words of `text` if it is an exception, or nil.
  func exception(_ text: ArraySlice<UInt32>) -> [Int]? {
    text.count <= longestException ? exceptions[Array(text)] : nil
  }
}
