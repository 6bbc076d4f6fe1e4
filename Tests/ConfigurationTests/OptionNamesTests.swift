import Testing
import Configuration

struct OptionNamesTests {
  private static let keys = RunConfig.keys.map(\.name)

  /// Every key, with two letters swapped, one lost, with underscores, and in capitals.
  @Test func everyKeyIsFoundWhereItIsMisspelt() {
    for key in Self.keys {
      let letters = Array(key)
      let middle = letters.count / 2
      var swapped = letters
      swapped.swapAt(middle, middle - 1)
      var words = [key.uppercased(), key.replacing("-", with: "_"), String(swapped)]
      if letters.count > 4 { words.append(String(letters.dropLast())) }
      for word in words {
        #expect(OptionNames.meant(by: word, among: Self.keys) == key, "\(word)")
        #expect(OptionNames.meant(by: "--" + word, among: Self.keys) == key, "\(word)")
      }
    }
  }

  @Test(arguments: [
    ("--lr", "learning-rate"), ("bs", "batch"), ("--batch_size", "batch"), ("warmup", "warm-up"),
    ("seq_len", "context"), ("n_embd", "width"), ("max_steps", "steps"), ("wd", "weight-decay"),
    ("output_dir", "out"), ("grad_clip", "clip"),
  ])
  func namesOfOtherProgramsAreKnown(word: String, key: String) {
    #expect(OptionNames.meant(by: word, among: Self.keys) == key)
  }

  @Test func aSynonymIsOnlyOneWhereItsOptionIs() {
    #expect(OptionNames.meant(by: "epochs", among: ["steps", "out"]) == "steps")
    #expect(OptionNames.meant(by: "lr", among: ["threads", "input"]) == nil)
    #expect(OptionNames.meant(by: "quark", among: Self.keys) == nil)
  }
}
