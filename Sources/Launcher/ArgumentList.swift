/// The words of a command line, before they are parsed.
package enum ArgumentList {
  /// Returns `words` with `--option=-5` instead of `--option -5`: the parser takes every word that begins with a minus sign as an
  /// option. The program's options have long names, except `-h`; all other words with one minus sign are values.
  package static func joined(_ words: [String]) -> [String] {
    var result: [String] = []
    var isAfterDashes = false
    for word in words {
      if !isAfterDashes, isValue(word), let option = result.last, isOption(option) {
        result[result.count - 1] = "\(option)=\(word)"
      } else {
        result.append(word)
      }
      isAfterDashes = isAfterDashes || word == "--"
    }
    return result
  }

  private static func isValue(_ word: String) -> Bool {
    word.hasPrefix("-") && !word.hasPrefix("--") && word != "-h"
  }

  private static func isOption(_ word: String) -> Bool {
    word.hasPrefix("--") && word != "--" && !word.contains("=")
  }
}
