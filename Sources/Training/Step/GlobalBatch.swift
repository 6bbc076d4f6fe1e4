import Configuration
import Data
import Dist
import Model

/// The global batch of a step: its windows, and their cut into micro-batches. A pure function of the step, the same on every rank,
/// whoever computes what.
package struct GlobalBatch {
  /// From 1.
  let step: Int
  /// Numbers of the windows, in the order in which micro-batches are cut from them.
  package let windows: [Int]
  /// Of every micro-batch, its places in the global batch; empty where the last step of a fine-tuning has no examples left.
  package let places: [Range<Int>]
  /// What the step's losses are divided by, over all ranks: the targets, or in fine-tuning the examples. Known before the forward pass,
  /// since losses and gradients are sums over it, whoever computes them.
  let divisor: Double
  private let divisorPerWindow: Double

  /// The batch that `sampler` draws from `source` for `step`, in micro-batches of `config`'s size.
  init(step: Int, of source: any BatchSource, _ sampler: Sampler, _ config: RunConfig) {
    self.step = step
    windows = source.arranged(sampler.windows(step: step))
    let (size, all) = (config.microBatch, 0..<windows.count)
    places = (0..<config.leaves).map { ($0 * size..<($0 + 1) * size).clamped(to: all) }
    divisorPerWindow = source.divisorPerWindow
    divisor = Double(windows.count) * divisorPerWindow
  }

  /// The windows of a micro-batch.
  package func windows(of microBatch: Int) -> [Int] { Array(windows[places[microBatch]]) }

  /// The mean over the targets, or examples, of a micro-batch whose losses add up to `sum`.
  package func mean(_ sum: Double, of microBatch: Int) -> Double {
    sum / (Double(places[microBatch].count) * divisorPerWindow)
  }
}

/// Counts the tokens of a run's steps, without what pads them.
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
