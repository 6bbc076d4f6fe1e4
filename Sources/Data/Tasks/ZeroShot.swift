import Tokenization

/// A text whose likelihood a language model computes to answer an example without fine-tuning.
public struct ZeroShotCandidate: Sendable, Equatable {
  /// Plain text without special tokens, at most as long as the context.
  public let tokens: [Int32]

  /// The places of the tokens whose log-probabilities count. The first of all tokens never counts, because nothing precedes it.
  public let scored: Range<Int>

  /// The number of tokens that were cut so that the rest fits into the context.
  public let cutTokens: Int

  /// The candidate `text` after `before`. If both exceed `context`, the beginning of `before` is cut. If `text` alone leaves no room for
  /// one token before it, its end is cut.
  init(_ text: [Int32], after before: [Int32], context: Int) {
    let kept = before.suffix(max(1, context - text.count))
    tokens = Array((kept + text).prefix(context))
    scored = min(max(1, kept.count), tokens.count)..<tokens.count
    cutTokens = before.count + text.count - tokens.count
  }

  /// The mean log-probability of the scored tokens; −∞ if there are none, so that an empty answer is never the best.
  ///
  /// - Parameter logProbabilities: the log-probability of each of `tokens` except the first, given those before it
  public func score(_ logProbabilities: [Double]) -> Double {
    precondition(logProbabilities.count == max(0, tokens.count - 1), "not these tokens' scores")
    guard !scored.isEmpty else { return -.infinity }
    return scored.reduce(0) { $0 + logProbabilities[$1 - 1] } / Double(scored.count)
  }
}

/// Answers of a language model without fine-tuning, by the heuristics of Radford et al. 2018, §5: the tokens to score, and the prediction
/// from the scores.
public struct ZeroShot: Sendable {
  private let rule: ZeroShotRule
  private let tokenizer: Tokenizer
  private let context: Int

  /// The heuristic `rule` for a model with a context of `context` tokens.
  public init(_ rule: ZeroShotRule, tokenizer: Tokenizer, context: Int) {
    precondition(context > 0, "no context")
    (self.rule, self.tokenizer, self.context) = (rule, tokenizer, context)
  }

  /// The candidates to score for `example`: its sentence, the text with either word, or each answer after context and question.
  public func candidates(of example: TaskExample) -> [ZeroShotCandidate] {
    var unknown = UnknownTokens()
    return candidates(of: example, counting: &unknown)
  }

  /// The candidates to score for `example`; counts the unknown tokens.
  public func candidates(
    of example: TaskExample, counting unknown: inout UnknownTokens
  ) -> [ZeroShotCandidate] {
    func candidate(_ text: String, after before: [Int32]) -> ZeroShotCandidate {
      ZeroShotCandidate(
        tokenizer.encode(text, counting: &unknown), after: before, context: context)
    }
    let texts = example.texts.flatMap { tokenizer.encode($0, counting: &unknown) }
    switch rule {
    case .acceptability:
      return [ZeroShotCandidate(texts, after: [], context: context)]
    case .words(let appended, let negative, let positive):
      let before = texts + tokenizer.encode(appended)
      return [negative, positive].map { candidate($0, after: before) }
    case .answers:
      return example.answers.map { candidate($0, after: texts) }
    }
  }

  /// The class or answer for the scores of the candidates: the first with the highest score, or class 1 if the only score is above
  /// `threshold`.
  public func prediction(scores: [Double], threshold: Double) -> Double {
    switch rule {
    case .acceptability: scores[0] > threshold ? 1 : 0
    case .words, .answers:
      Double(scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 })
    }
  }

  /// The threshold above which class 1 is predicted that maximises `metric` on these scores and labels; the lowest of equally good ones.
  /// Always finite: below all scores, or one of them.
  ///
  /// Tries every distinct score on all others, which is fast enough for a few thousand scores.
  public static func bestThreshold(
    scores: [Double], labels: [Double], metric: Metric
  ) -> Double {
    let levels = Set(scores.filter(\.isFinite)).sorted()
    guard let lowest = levels.first else { return 0 }
    var best = (value: -Double.infinity, threshold: lowest.nextDown)
    for threshold in [lowest.nextDown] + levels {
      let value = metric.value(
        predictions: scores.map { $0 > threshold ? 1 : 0 }, labels: labels)
      if value > best.value { best = (value, threshold) }
    }
    return best.threshold
  }
}
