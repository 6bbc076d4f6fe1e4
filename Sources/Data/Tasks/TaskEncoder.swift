import Files
import Tokenization

/// Converts the examples of a task into token sequences for a model with a given context.
///
/// A sequence that is too long keeps its special tokens; its longest text is shortened first, from the end. In multiple choice, the
/// context, the question and the answer are separate texts, and the sequence of each answer is cut separately: a long article loses its
/// end, and the question is kept.
public struct TaskEncoder: Sendable {
  private let spec: TaskSpec
  private let tokenizer: Tokenizer
  private let specials: SpecialTokens
  private let context: Int

  /// The encoder of `spec` for sequences of at most `context` tokens. Throws an InputError if the context has no room for the special
  /// tokens and one token of each text.
  public init(
    _ spec: TaskSpec, tokenizer: Tokenizer, specials: SpecialTokens, context: Int
  ) throws(InputError) {
    let texts = Array(repeating: [tokenizer.unknownId], count: spec.transformation.texts.upperBound)
    let smallest = spec.transformation.traversals(texts, answers: [[tokenizer.unknownId]])
    let needed = 2 + smallest[0].parts.count
    guard context >= needed else {
      throw InputError(
        "task \(spec.name) needs a context of at least \(needed) tokens, but the model's is "
          + "\(context): use a model with a longer context")
    }
    (self.spec, self.tokenizer) = (spec, tokenizer)
    (self.specials, self.context) = (specials, context)
  }

  /// The sequences and the target of `example`, which must have the texts and answers that the task requires.
  public func encode(_ example: TaskExample) -> EncodedExample {
    precondition(
      spec.transformation.texts.contains(example.texts.count), "texts that do not match the task")
    if case .choices(let count) = spec.answer {
      precondition(example.answers.count == count, "answers that do not match the task")
    }
    var unknown = UnknownTokens()
    let texts = example.texts.map { tokenizer.encode($0, counting: &unknown) }
    let answers = example.answers.map { tokenizer.encode($0, counting: &unknown) }
    let traversals = spec.transformation.traversals(texts, answers: answers)
    let sequences = traversals.map { $0.sequence(specials, context: context) }
    return EncodedExample(
      sequences: sequences.map(\.tokens),
      target: example.label.map(spec.answer.probabilities(of:)),
      cutTokens: sequences.reduce(0) { $0 + $1.cut }, unknownTokens: unknown)
  }

  /// Encodes all `examples` with up to `threads` threads; the results are in the order of the examples.
  public func encodeAll(_ examples: [TaskExample], threads: Int) -> [EncodedExample] {
    let size = 64  // large enough to make the cost of distributing work negligible
    let starts = Array(stride(from: 0, to: examples.count, by: size))
    let parts = OrderedMap.map(starts, threads: threads) { start in
      examples[start..<min(start + size, examples.count)].map(encode)
    }
    return Array(parts.joined())
  }
}
