import Data
import Files
import Foundation
import TestSupport
import Testing

/// The file `name` of Fixtures, decoded.
func fixture<Value: Decodable>(_ name: String) throws -> Value {
  let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
  return try json(Value.self, at: url.path)
}

/// The InputError that `body` throws.
func inputError(_ body: () throws -> Void) throws -> InputError {
  try failure(InputError.self, body)
}

/// `lines` numbered lines of words that a small generator picks: text without repeating lines.
func madeText(lines: Int) -> String {
  let words = ["The", "river", "runs", "slowly;", "a", "boat", "drifts", "\"home\"", "at", "dusk."]
  var generator = SeededGenerator(seed: 7)
  return (0..<lines).map { line in
    let picked = (0..<12).map { _ in words[generator.below(words.count)] }
    return "\(line) " + picked.joined(separator: " ") + "\n"
  }.joined()
}
