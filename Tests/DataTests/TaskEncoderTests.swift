import Data
import Testing
import Tokenization

/// Letters are words of one token: <unk> 0, a…d within a word 1…4, at its end 5…8, the line break 9; then start 10, $ 11, end 12.
struct LetterTokens {
  let tokenizer = Tokenizer.learn(merges: 1, from: "a b c d")
  let specials: SpecialTokens

  init() { specials = SpecialTokens(after: tokenizer.vocabularySize) }

  func encoder(
    _ transformation: Transformation, _ answer: Answer = .classes(["no", "yes"]), context: Int
  ) throws -> TaskEncoder {
    var spec = TaskSpec.builtIn[0]
    (spec.name, spec.transformation, spec.answer) = ("letters", transformation, answer)
    return try TaskEncoder(spec, tokenizer: tokenizer, specials: specials, context: context)
  }
}

private func example(
  _ texts: [String], answers: [String] = [], label: Double? = nil
) -> TaskExample {
  TaskExample(id: "1", texts: texts, answers: answers, label: label)
}

@Suite struct TaskEncoderTests {
  private let letters = LetterTokens()

  @Test func specialTokensFollowTheVocabulary() {
    #expect(letters.tokenizer.vocabularySize == 10)
    let specials = letters.specials
    #expect([specials.start, specials.delimiter, specials.end] == [10, 11, 12])
    #expect(SpecialTokens.names == ["_start_", "_delimiter_", "_classify_"])
    #expect(SpecialTokens.count == 3)
  }

  @Test func eachTransformationHasItsSequences() throws {
    func sequences(
      _ transformation: Transformation, _ texts: [String], _ answers: [String] = []
    ) throws -> [[Int32]] {
      let answer: Answer =
        answers.isEmpty ? .classes(["no", "yes"]) : .choices(answers.count)
      let encoded = try letters.encoder(transformation, answer, context: 20)
        .encode(example(texts, answers: answers))
      #expect(encoded.cutTokens == 0 && !encoded.isTruncated && encoded.target == nil)
      return encoded.sequences
    }
    #expect(try sequences(.classification, ["A b, ab"]) == [[10, 5, 6, 0, 1, 6, 12]])
    #expect(try sequences(.entailment, ["a b", "c"]) == [[10, 5, 6, 11, 7, 12]])
    #expect(
      try sequences(.similarity, ["a b", "c"])
        == [[10, 5, 6, 11, 7, 12], [10, 7, 11, 5, 6, 12]])
    #expect(
      try sequences(.multipleChoice, ["a a", "b"], ["c", "d c", ""])
        == [[10, 5, 5, 6, 11, 7, 12], [10, 5, 5, 6, 11, 8, 7, 12], [10, 5, 5, 6, 11, 12]])
    #expect(
      try sequences(.multipleChoice, ["a"], ["b", "c"]) == [
        [10, 5, 11, 6, 12], [10, 5, 11, 7, 12],
      ])
    #expect(try sequences(.classification, [""]) == [[10, 12]])
  }

  @Test func textsLoseTheirEndsAndEachSequenceByItself() throws {
    let choices = example(["a b c d", "d d"], answers: ["c", "b b b b b"], label: 1)
    let cut = try letters.encoder(.multipleChoice, .choices(2), context: 9).encode(choices)
    #expect(
      cut.sequences == [[10, 5, 6, 7, 8, 8, 11, 7, 12], [10, 5, 6, 8, 8, 11, 6, 6, 12]])
    #expect(cut.cutTokens == 1 + 5)
  }

  /// All lengths up to 4 of context, question and answer in all contexts, against cutting token by token.
  @Test func theLongestTextIsCutFirstTokenByToken() throws {
    let specials = letters.specials
    for context in 6...16 {
      let encoder = try letters.encoder(.multipleChoice, .choices(1), context: context)
      for code in 0..<125 {
        let wanted = [code / 25, code / 5 % 5, code % 5]
        var left = wanted
        while left.reduce(0, +) + 3 > context {
          left[left.lastIndex(of: left.max()!)!] -= 1
        }
        let words = zip(["a ", "b ", "c "], wanted).map { String(repeating: $0, count: $1) }
        let encoded = encoder.encode(example([words[0], words[1]], answers: [words[2]]))
        let texts = zip([5, 6, 7] as [Int32], left).map { Array(repeating: $0, count: $1) }
        let expected =
          [specials.start] + texts[0] + texts[1] + [specials.delimiter] + texts[2]
          + [specials.end]
        #expect(encoded.sequences == [expected], "\(wanted) in \(context)")
        #expect(encoded.cutTokens == wanted.reduce(0, +) - left.reduce(0, +))
      }
    }
  }

  @Test(arguments: [(700, 31, 9), (300, 300, 300), (200, 700, 171), (1, 0, 900), (256, 255, 0)])
  func longTextsFillTheContextEvenly(_ lengths: (Int, Int, Int)) throws {
    let wanted = [lengths.0, lengths.1, lengths.2]
    let words = zip(["a ", "b ", "c "], wanted).map { String(repeating: $0, count: $1) }
    let encoded = try letters.encoder(.multipleChoice, .choices(1), context: 512)
      .encode(example([words[0], words[1]], answers: [words[2]]))
    let sequence = encoded.sequences[0]
    let left = ([5, 6, 7] as [Int32]).map { id in sequence.count(where: { $0 == id }) }
    #expect(sequence.count == 512 && left.reduce(0, +) == 509)
    #expect(encoded.cutTokens == wanted.reduce(0, +) - 509)
    let cut = zip(wanted, left).filter { $0 > $1 }.map(\.1)
    #expect(cut.max()! - cut.min()! <= 1)
    #expect(zip(wanted, left).allSatisfy { $0 > $1 || $1 <= cut.min()! + 1 })
  }

  @Test func aSequenceAsLongAsTheContextIsWhole() throws {
    let pair = example(["a b c", "d a"])
    let whole = try letters.encoder(.similarity, context: 8).encode(pair)
    #expect(whole.sequences.map(\.count) == [8, 8] && !whole.isTruncated)
    let cut = try letters.encoder(.similarity, context: 7).encode(pair)
    #expect(cut.sequences == [[10, 5, 6, 11, 8, 5, 12], [10, 8, 5, 11, 5, 6, 12]])
    #expect(cut.cutTokens == 2 && cut.isTruncated)
  }

  @Test(arguments: [
    (Transformation.classification, 3), (.entailment, 5), (.similarity, 5), (.multipleChoice, 6),
  ])
  func contextsWithoutRoomForEachTextAreRefused(
    _ transformation: Transformation, _ needed: Int
  ) throws {
    let texts = transformation == .classification ? ["a a a"] : ["a a a", "b b"]
    let isChoice = transformation == .multipleChoice
    let encoder = try letters.encoder(
      transformation, isChoice ? .choices(2) : .classes(["no", "yes"]), context: needed)
    let encoded = encoder.encode(example(texts, answers: isChoice ? ["c c", "d"] : []))
    #expect(encoded.sequences.allSatisfy { $0.count == needed && Set($0).count == needed })
    let error = try inputError { _ = try letters.encoder(transformation, context: needed - 1) }
    #expect(
      error.reason.contains(
        "letters needs a context of at least \(needed) tokens, but the model's is \(needed - 1)"))
  }

  @Test func targetsAreTheProbabilitiesOfLabels() throws {
    func target(_ answer: Answer, _ label: Double?) throws -> [Float]? {
      var (transformation, answers) = (Transformation.classification, [String]())
      if case .choices(let count) = answer {
        (transformation, answers) = (.multipleChoice, Array(repeating: "b", count: count))
      }
      return try letters.encoder(transformation, answer, context: 9)
        .encode(example(["a"], answers: answers, label: label)).target
    }
    #expect(try target(.classes(["x", "y", "z"]), 2) == [0, 0, 1])
    #expect(try target(.choices(4), 1) == [0, 1, 0, 0])
    #expect(try target(.score(upTo: 5), 3.4) == [0, 0, 0, 0.6, 0.4, 0])
    #expect(try target(.score(upTo: 5), 5) == [0, 0, 0, 0, 0, 1])
    #expect(try target(.score(upTo: 5), 0) == [1, 0, 0, 0, 0, 0])
    #expect(try target(.score(upTo: 5), nil) == nil)
  }

  @Test func manyExamplesKeepTheirOrderOnManyThreads() throws {
    let encoder = try letters.encoder(.entailment, context: 14)
    let examples = (0..<1_000).map { number in
      let bits = String(number, radix: 2).map { $0 == "0" ? "a " : "b " }.joined()
      return example([bits, "c d"], label: Double(number % 2))
    }
    let expected = examples.map(encoder.encode)
    #expect(Set(expected.map(\.sequences)).count > 500)
    for threads in [1, 3] { #expect(encoder.encodeAll(examples, threads: threads) == expected) }
    #expect(encoder.encodeAll([], threads: 2).isEmpty)
  }
}
