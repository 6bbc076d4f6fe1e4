import Console
import Files
import Model
import Tokenization

/// The examples of a split as token sequences.
package struct EncodedSplit {
  package let examples: [TaskExample]
  package let encoded: [EncodedExample]
  /// The number of lines or examples in the files that were left out.
  package let leftOut: Int
  /// Notes about the files for the user.
  package var notes: [String] = []
  /// The split that the examples belong to.
  private(set) var name = TaskSplit.train

  package init(_ examples: [TaskExample], _ encoded: [EncodedExample], leftOut: Int) {
    (self.examples, self.encoded, self.leftOut) = (examples, encoded, leftOut)
  }

  /// Reads the examples of a split and encodes them.
  package init(
    _ spec: TaskSpec, _ split: TaskSplit, folder: String, encoder: TaskEncoder, threads: Int
  ) throws {
    let contents = try spec.read(split, in: folder)
    let examples = contents.examples
    self.init(
      examples, encoder.encodeAll(examples, threads: threads), leftOut: contents.leftOut)
    (notes, name) = (contents.notes, split)
    guard split == .test || examples.allSatisfy({ $0.label != nil }) else {
      throw InputError(
        "the \(split.rawValue) split has examples without a label; only a test split may have them",
        path: folder)
    }
  }

  /// The unknown tokens of all examples, counted before anything was cut.
  package var unknownTokens: UnknownTokens { encoded.unknownTokens }

  /// Warnings about the examples for the user.
  package var warnings: [String] {
    notes + (unknownTokens.warning.map { ["\(name.rawValue): \($0)"] } ?? [])
  }

  /// The largest number of tokens of an example.
  package var longest: Int { encoded.map(\.tokenCount).max() ?? 0 }

  /// Returns `count` of the examples, drawn with `seed`; all for 0.
  package func drawn(_ count: Int, seed: UInt64) -> EncodedSplit {
    guard count > 0, count < examples.count else { return self }
    let sampler = Sampler(windows: examples.count, sequencesPerStep: count, seed: seed)
    let places = sampler.windows(step: 1).sorted()
    var drawn = EncodedSplit(
      places.map { examples[$0] }, places.map { encoded[$0] }, leftOut: leftOut)
    (drawn.notes, drawn.name) = (notes, name)
    return drawn
  }

  /// A sentence about the training examples that were cut to the context, and the lines of both splits that were left out.
  package func losses(_ context: Int, development: EncodedSplit) -> String {
    let leftOut = leftOut + development.leftOut
    let cut = encoded.filter { $0.cutTokens > 0 }
    let tokens = cut.reduce(0) { $0 + $1.cutTokens }
    let sentence =
      cut.isEmpty
      ? "no training example is longer than the context of \(context) tokens"
      : "\(grouped(cut.count)) of \(grouped(encoded.count)) training examples are longer than the context of "
        + "\(context) tokens and lose \(grouped(tokens)) tokens"
    return sentence
      + "; " + unknownTokens.description
      + (leftOut > 0
        ? "; \(grouped(leftOut)) line\(leftOut == 1 ? "" : "s") of the files left out" : "")
  }

  /// A hash of all sequences and labels of some splits, and of the tokenizer.
  package static func fingerprint(_ splits: [EncodedSplit], _ tokenizer: Tokenizer) -> String {
    var bytes: [UInt8] = Array(tokenizer.fingerprint.utf8)
    for split in splits {
      for (example, encoded) in zip(split.examples, split.encoded) {
        bytes += "\n\(example.label.map { "\($0)" } ?? "-")".utf8
        for sequence in encoded.sequences { bytes += " \(sequence)".utf8 }
      }
      bytes += "\n\n".utf8
    }
    return XXH128.hash(bytes.span)
  }
}

extension EncodedExample {
  /// The number of tokens in its sequences.
  package var tokenCount: Int { sequences.reduce(0) { $0 + $1.count } }
}
