/// Suggestions for misspelt names: of tasks, keys, options, subcommands, values.
package enum Nearest {
  /// The one of `names` that `word` was probably meant to be, or nil.
  package static func name(to word: String, among names: [String]) -> String? {
    // A name is short; the distance of long texts takes long.
    guard word.utf8.count <= 200 else { return nil }
    let word = word.lowercased()
    let found = names.map { (name: $0, distance: distance(word, $0.lowercased())) }
      .min { $0.distance < $1.distance }
    guard let found, found.distance <= max(1, (word.count + 1) / 3) else { return nil }
    return found.name
  }

  /// `; did you mean …?`, or `otherwise` where no name is near.
  package static func suggestion(
    for word: String, among names: [String], otherwise: String = ""
  ) -> String {
    name(to: word, among: names).map { "; did you mean \($0.reported(besides: [word]))?" }
      ?? otherwise
  }

  /// Insertions, deletions and substitutions that make `one` the other, and swaps of neighbours (optimal string alignment).
  private static func distance(_ one: String, _ other: String) -> Int {
    let (a, b) = (Array(one), Array(other))
    var before: [Int] = []
    var above = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(row[j] + 1, above[j + 1] + 1, above[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
        row.append(best)
      }
      (before, above) = (above, row)
    }
    return above[b.count]
  }
}
