import Data
import Files
import Foundation
import Testing

/// The file `name` of Fixtures, decoded.
func fixture<Value: Decodable>(_ name: String) throws -> Value {
  let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
  return try JSONDecoder().decode(Value.self, from: Foundation.Data(contentsOf: url))
}

/// The InputError that `body` throws.
func inputError(_ body: () throws -> Void) throws -> InputError {
  do {
    try body()
  } catch {
    return try #require(error as? InputError)
  }
  struct NothingThrown: Error {}
  throw NothingThrown()
}

/// `lines` numbered lines of words that a small generator picks: text without repeating lines.
func madeText(lines: Int) -> String {
  let words = ["The", "river", "runs", "slowly;", "a", "boat", "drifts", "\"home\"", "at", "dusk."]
  var state: UInt64 = 7
  return (0..<lines).map { line in
    let picked = (0..<12).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return words[Int(state >> 33) % words.count]
    }
    return "\(line) " + picked.joined(separator: " ") + "\n"
  }.joined()
}
