import Foundation
import Testing
import Words

private struct StandardCase: Decodable {
  var text: String
  var expected: String
}

@Suite struct StandardiseTests {
  @Test func standardisationIsThatOfOpenAI() throws {
    let url = try #require(
      Bundle.module.url(
        forResource: "standardise", withExtension: "json", subdirectory: "Fixtures"))
    let cases = try JSONDecoder().decode([StandardCase].self, from: Data(contentsOf: url))
    #expect(cases.count > 100)
    for item in cases {
      // Bytes: == of strings would take equivalent characters for equal.
      #expect(Array(Standardise.text(item.text).utf8) == Array(item.expected.utf8), "\(item.text)")
    }
  }
}
