import Configuration
import Data
import Dist
import Model

/// The global batch of a step: the numbers of its sequences or examples, and their division into micro-batches. A pure function of the
/// step, the same on every rank.
package struct GlobalBatch {
  /// The step, from 1.
  let step: Int
  /// Numbers of the sequences or examples, in the order in which they are divided into micro-batches.
  package let windows: [Int]
  /// The places of every micro-batch in the global batch; empty if the last step of a fine-tuning run has no examples left for it.
  package let places: [Range<Int>]
  /// The divisor of the step's losses, over all ranks: the number of targets, or of examples in fine-tuning. It is known before the
  /// forward pass, so that losses and gradients only need to be added, whichever rank computes them.
  let divisor: Double
  private let divisorPerWindow: Double

  /// The batch that `sampler` draws from `source` for `step`, in micro-batches of `config`'s size.
  init(step: Int, of source: any BatchSource, _ sampler: Sampler, _ config: RunConfig) {
    self.step = step
    windows = source.arranged(sampler.windows(step: step))
    let (size, all) = (config.microBatch, 0..<windows.count)
    places = (0..<config.microBatchesPerStep).map { ($0 * size..<($0 + 1) * size).clamped(to: all) }
    divisorPerWindow = source.divisorPerWindow
    divisor = Double(windows.count) * divisorPerWindow
  }

  /// The numbers of the sequences or examples of a micro-batch.
  package func windows(of microBatch: Int) -> [Int] { Array(windows[places[microBatch]]) }

  /// The mean over the targets, or examples, of a micro-batch whose losses add up to `sum`.
  package func mean(_ sum: Double, of microBatch: Int) -> Double {
    sum / (Double(places[microBatch].count) * divisorPerWindow)
  }
}

/// Counts the tokens of a run's steps.
struct TokenCount {
  let source: any BatchSource
  let sampler: Sampler
  private var counted = (step: 0, tokens: 0)

  init(of source: any BatchSource, _ sampler: Sampler) {
    (self.source, self.sampler) = (source, sampler)
  }

  /// Tokens of the steps up to `step`.
  mutating func through(_ step: Int) -> Int {
    if step < counted.step { counted = (0, 0) }
    if step > counted.step {
      counted.tokens += source.tokens(in: counted.step + 1...step, of: sampler)
      counted.step = step
    }
    return counted.tokens
  }
}
