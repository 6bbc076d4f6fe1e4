import Model

/// The examples of a task as a source of batches: an item is an example with all its sequences.
package struct TaskBatches: BatchSource {
  private let examples: [EncodedExample]
  private let answer: Answer
  private let lmCoefficient: Double
  private let microBatch: Int
  private let tokens: Int
  package let tokensPerWindow: Int

  /// - Parameters:
  ///   - lmCoefficient: λ; 0 if the language model's loss does not count
  ///   - microBatch: the number of examples per micro-batch
  ///   - tokensPerWindow: the largest number of tokens of an example, here or in any other use of a decoder of the same size
  package init(
    _ examples: [EncodedExample], answer: Answer, lmCoefficient: Double, microBatch: Int,
    tokensPerWindow: Int
  ) {
    self.examples = examples
    self.answer = answer
    self.lmCoefficient = lmCoefficient
    self.microBatch = microBatch
    self.tokensPerWindow = tokensPerWindow
    tokens = examples.reduce(0) { $0 + $1.tokenCount }
  }

  package var count: Int { examples.count }
  package var divisorPerWindow: Double { 1 }

  /// Sorts examples by length, so that those in one micro-batch need little padding.
  ///
  /// Lengths rise over the first half of the micro-batches and fall over the second, and about every other step has the reverse order. Rank
  /// r of N, which computes micro-batches r, r + N, …, then has about as much work as the others, for any N.
  package func arranged(_ windows: [Int]) -> [Int] {
    let sorted = windows.enumerated().sorted {
      (examples[$0.element].length, $0.offset) < (examples[$1.element].length, $1.offset)
    }.map(\.element)
    var microBatches = stride(from: 0, to: sorted.count, by: microBatch).map {
      sorted[$0..<min($0 + microBatch, sorted.count)]
    }
    microBatches[(microBatches.count / 2)...].reverse()
    // A coin flip with the same result on every rank.
    if let first = windows.first, first % 2 == 1 { microBatches.reverse() }
    return microBatches.flatMap { $0 }
  }

  package func tokens(in steps: ClosedRange<Int>, of sampler: Sampler) -> Int {
    let first = sampler.places(step: steps.lowerBound).lowerBound
    let end = sampler.places(step: steps.upperBound).upperBound
    func sum(_ places: Range<Int>) -> Int {
      places.reduce(0) { $0 + examples[sampler.window(at: $1)].tokenCount }
    }
    // Whole epochs have the same sum in any order.
    let (begun, ended) = (first / count + 1, end / count)
    guard begun < ended else { return sum(first..<end) }
    return sum(first..<begun * count) + (ended - begun) * tokens + sum(ended * count..<end)
  }

  /// The share of padding among the tokens of the first epoch.
  package func paddingShare(_ sampler: Sampler) -> Double {
    var padded = 0
    var real = 0
    for step in 1...max(1, count / sampler.sequencesPerStep) {
      let windows = arranged(sampler.windows(step: step))
      for start in stride(from: 0, to: windows.count, by: microBatch) {
        let part = windows[start..<min(start + microBatch, windows.count)].map { examples[$0] }
        let length = part.map(\.length).max() ?? 0
        padded += part.reduce(0) { $0 + $1.sequences.count * length }
        real += part.reduce(0) { $0 + $1.tokenCount }
      }
    }
    return 1 - Double(real) / Double(padded)
  }

  /// The sequences of the examples, one after another, padded to the longest of them.
  ///
  /// A token's loss has the weight λ, divided by the number of sequences of its example and by the number of targets of its sequence:
  /// train.py of finetune-transformer-lm takes the mean over both.
  package func batch(windows: [Int], samples: [UInt32]) -> Batch {
    let part = windows.map { examples[$0] }
    let length = part.map(\.length).max() ?? 1
    var (tokens, targets, weights): ([Int32], [Int32], [Float]) = ([], [], [])
    var (keys, ends): ([UInt32], [Int32]) = ([], [])
    var rows: [BatchExample] = []
    for (example, sample) in zip(part, samples) {
      let first = ends.count
      for (place, sequence) in example.sequences.enumerated() {
        let padding = repeatElement(sequence.last ?? 0, count: length - sequence.count)
        let weight = lmCoefficient / Double(example.sequences.count * (sequence.count - 1))
        tokens += sequence + padding
        targets += sequence.dropFirst() + padding + sequence.suffix(1)
        weights += repeatElement(Float(weight), count: sequence.count - 1)
        weights += repeatElement(0, count: length - sequence.count + 1)
        keys.append(sample &* UInt32(example.sequences.count) &+ UInt32(place))
        ends.append(Int32(sequence.count - 1))
      }
      rows.append(
        BatchExample(
          sequences: first..<ends.count, combination: answer.combination,
          target: example.target ?? [], sample: sample))
    }
    return Batch(
      sequences: ends.count, length: length, tokens: tokens, targets: targets,
      lossWeights: weights, samples: keys, examples: rows, ends: ends)
  }
}

extension Answer {
  /// The way in which the sequences of an example are combined into one distribution.
  fileprivate var combination: BatchExample.Combination {
    switch self {
    case .classes, .score: .added
    case .choices: .alternatives
    }
  }
}
