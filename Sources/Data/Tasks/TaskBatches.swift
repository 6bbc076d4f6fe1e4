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

  /// Divides examples among micro-batches, so that these have about equally many tokens: from the longest example on, each goes to the
  /// micro-batch with the fewest tokens so far that has room (longest processing time first; Graham 1969).
  package func arranged(_ windows: [Int]) -> [Int] {
    let sorted = windows.enumerated().sorted {
      (examples[$1.element].tokenCount, $0.offset) < (examples[$0.element].tokenCount, $1.offset)
    }.map(\.element)
    let starts = Array(stride(from: 0, to: windows.count, by: microBatch))
    var parts = starts.map { _ in (tokens: 0, windows: [Int]()) }
    for window in sorted {
      let free = starts.indices.filter {
        parts[$0].windows.count < min(microBatch, windows.count - starts[$0])
      }
      guard let least = free.min(by: { parts[$0].tokens < parts[$1].tokens }) else { break }
      parts[least].tokens += examples[window].tokenCount
      parts[least].windows.append(window)
    }
    return parts.flatMap(\.windows)
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

  /// The sequences of the examples, one after another.
  ///
  /// A token's loss has the weight λ, divided by the number of sequences of its example and by the number of targets of its sequence:
  /// train.py of finetune-transformer-lm takes the mean over both.
  package func batch(windows: [Int], samples: [UInt32]) -> Batch {
    let part = windows.map { examples[$0] }
    var (tokens, targets, weights): ([Int32], [Int32], [Float]) = ([], [], [])
    var (keys, lengths): ([UInt32], [Int]) = ([], [])
    var rows: [BatchExample] = []
    for (example, sample) in zip(part, samples) {
      let first = lengths.count
      for (place, sequence) in example.sequences.enumerated() {
        let weight = lmCoefficient / Double(example.sequences.count * (sequence.count - 1))
        tokens += sequence
        targets += sequence.dropFirst() + sequence.suffix(1)
        weights += repeatElement(Float(weight), count: sequence.count - 1) + [0]
        keys.append(sample &* UInt32(example.sequences.count) &+ UInt32(place))
        lengths.append(sequence.count)
      }
      rows.append(
        BatchExample(
          sequences: first..<lengths.count, combination: answer.combination,
          target: example.target ?? [], sample: sample))
    }
    return Batch(
      lengths: lengths, tokens: tokens, targets: targets, lossWeights: weights, samples: keys,
      examples: rows)
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
