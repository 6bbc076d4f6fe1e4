import Data
import Testing

@Suite struct SamplerTests {
  @Test(arguments: [1, 2, 3, 17, 100, 4097], [1, 4, 7])
  func everyEpochHasEveryWindowOnce(windows: Int, sequences: Int) {
    let sampler = Sampler(windows: windows, sequencesPerStep: sequences, seed: 5)
    let epochs = 3
    let steps = (epochs * windows + sequences - 1) / sequences
    let order = (1...steps).flatMap { sampler.windows(step: $0) }
    #expect(order.count == steps * sequences)
    for epoch in 0..<epochs {
      #expect(order[epoch * windows..<(epoch + 1) * windows].sorted() == Array(0..<windows))
    }
  }

  @Test func stepsCutOneOrderWhateverTheirSize() {
    let whole = Sampler(windows: 101, sequencesPerStep: 303, seed: 9).windows(step: 1)
    let small = Sampler(windows: 101, sequencesPerStep: 3, seed: 9)
    #expect((1...101).flatMap { small.windows(step: $0) } == whole)
  }

  @Test func seedsAndEpochsHaveOrdersOfTheirOwn() {
    let orders = (0..<20 as Range<UInt64>).flatMap { seed in
      let sampler = Sampler(windows: 100, sequencesPerStep: 100, seed: seed)
      return (1...5).map { sampler.windows(step: $0) }
    }
    #expect(Set(orders).count == 100)
  }

  @Test func ordersHaveNoPattern() {
    // Two places of 17 windows over 1,700 epochs: each window is expected 100 times at the first (standard deviation 9.7), and each
    // difference between neighbours but 0 about 106 times (10). Five deviations are allowed; the key is fixed, so this cannot flicker.
    let sampler = Sampler(windows: 17, sequencesPerStep: 17, seed: 3)
    var first = [Int](repeating: 0, count: 17)
    var difference = [Int](repeating: 0, count: 17)
    for step in 1...1700 {
      let order = sampler.windows(step: step)
      first[order[0]] += 1
      difference[(order[8] - order[7] + 17) % 17] += 1
    }
    #expect(first.allSatisfy { abs($0 - 100) < 49 }, "\(first)")
    #expect(difference[0] == 0)
    #expect(difference.dropFirst().allSatisfy { abs($0 - 106) < 50 }, "\(difference)")
  }

  /// A last step that has what is left: every window as often as there are epochs.
  @Test(arguments: [(63, 32, 1), (2, 32, 1), (1, 32, 3), (120, 50, 1), (7, 7, 2), (5, 3, 4)])
  func everyEpochHasEveryWindow(windows: Int, sequences: Int, epochs: Int) {
    let total = windows * epochs
    let sampler = Sampler(
      windows: windows, sequencesPerStep: sequences, seed: 5, total: total)
    let steps = (total - 1) / sequences + 1
    let read = (1...steps).flatMap { sampler.windows(step: $0) }
    #expect(read.sorted() == (0..<total).map { $0 / epochs })
    #expect(sampler.windows(step: steps).count == (total - 1) % sequences + 1)
    #expect(sampler.windows(step: steps + 1) == [] && sampler.windows(step: steps + 2) == [])
    let endless = Sampler(windows: windows, sequencesPerStep: sequences, seed: 5)
    #expect(read == Array((1...steps).flatMap { endless.windows(step: $0) }.prefix(total)))
  }
}
