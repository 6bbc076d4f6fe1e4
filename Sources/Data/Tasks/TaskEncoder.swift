import Files
import Tokenization

/// Examples of a task → the token sequences that a model with a given context takes.
///
/// A sequence that is too long keeps its special tokens; its longest text is shortened first, from the end. Of a multiple choice the
/// context, the question and the answer are texts of their own, and each answer's sequence is cut by itself: a long article loses
/// its end, and the question stays.
public struct TaskEncoder: Sendable {
  private let spec: TaskSpec
  private let tokenizer: Tokenizer
  private let specials: SpecialTokens
  private let context: Int

  /// The encoder of `spec` for sequences of at most `context` tokens. An InputError where the context does not hold the special
  /// tokens and one token of each text.
  public init(
    _ spec: TaskSpec, tokenizer: Tokenizer, specials: SpecialTokens, context: Int
  ) throws(InputError) {
    let texts = Array(repeating: [tokenizer.unknownId], count: spec.transformation.texts.upperBound)
    let smallest = spec.transformation.traversals(texts, answers: [[tokenizer.unknownId]])
    let needed = 2 + smallest[0].parts.count
    guard context >= needed else {
      throw InputError(
        "task \(spec.name) needs a context of at least \(needed) tokens and the model's is "
          + "\(context): take a model with a longer one")
    }
    (self.spec, self.tokenizer) = (spec, tokenizer)
    (self.specials, self.context) = (specials, context)
  }

  /// The sequences and the target of `example`, which has the texts and answers that its task asks for.
  public func encode(_ example: TaskExample) -> EncodedExample {
    precondition(
      spec.transformation.texts.contains(example.texts.count), "other texts than the task's")
    if case .choices(let count) = spec.answer {
      precondition(example.answers.count == count, "other answers than the task's")
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

  /// Those of all `examples`, in their order, by up to `threads` threads.
  public func encodeAll(_ examples: [TaskExample], threads: Int) -> [EncodedExample] {
    let size = 64  // so that handing out work costs nothing beside it
    let starts = Array(stride(from: 0, to: examples.count, by: size))
    let parts = OrderedMap.map(starts, threads: threads) { start in
      examples[start..<min(start + size, examples.count)].map(encode)
    }
    return Array(parts.joined())
  }
}
