import Console
import Testing

@Suite struct ProgressBarTests {
  private func bar(_ step: Int, _ steps: Int) -> ProgressBar {
    ProgressBar(
      step: step, steps: steps, loss: "loss 4.1234", tokensPerSecond: 123_456, secondsLeft: 52_000)
  }

  @Test(arguments: [20, 600, 100_000, 12_345_678]) func itFitsEveryTerminal(steps: Int) {
    for step in [1, steps / 2, steps] {
      for columns in 1...200 {
        let text = bar(step, steps).text(columns: columns)
        #expect(text.count <= max(1, columns - 1) && !text.isEmpty)
        #expect(columns < 60 || text.hasPrefix("[") && text.contains(" left"))
      }
    }
  }

  @Test func whatMattersLessIsLeftOutFirst() {
    #expect(
      bar(1, 4).text(columns: 120)
        == "[######..................] step 1/4  loss 4.1234  123456 tokens/s  14 h 26 min left")
    #expect(
      bar(4, 4).text(columns: 51) == "[########] step 4/4  loss 4.1234  14 h 26 min left")
    #expect(bar(4, 4).text(columns: 20) == "[########] step 4/4")
    #expect(bar(4, 4).text(columns: 8) == "step 4/")
    #expect(bar(2, 4).line == "step 2/4  loss 4.1234  123456 tokens/s  14 h 26 min left")
  }
}
