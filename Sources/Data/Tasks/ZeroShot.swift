import Tokenization

/// What a language model is asked for an example without fine-tuning: how likely some of these tokens are.
public struct ZeroShotCandidate: Sendable, Equatable {
  /// Plain text, without special tokens, at most the context.
  public let tokens: [Int32]

  /// The places of the tokens whose log-probabilities count. Never the first of all tokens, which has none before it.
  public let scored: Range<Int>

  /// The tokens that were cut so that the rest fits into the context.
  public let cutTokens: Int

  /// The candidate `text` after `before`, of which the beginning is cut where both exceed `context`. A text that alone leaves no room
  /// for one token before it loses its end.
  init(_ text: [Int32], after before: [Int32], context: Int) {
    let kept = before.suffix(max(1, context - text.count))
    tokens = Array((kept + text).prefix(context))
    scored = min(max(1, kept.count), tokens.count)..<tokens.count
    cutTokens = before.count + text.count - tokens.count
  }

  /// The mean of the scored tokens' log-probabilities; −∞ where none is scored, so that an empty answer is never the best.
  ///
  /// - Parameter logProbabilities: that of each of `tokens` but the first, given those before it
  public func score(_ logProbabilities: [Double]) -> Double {
    precondition(logProbabilities.count == max(0, tokens.count - 1), "not these tokens' scores")
    guard !scored.isEmpty else { return -.infinity }
    return scored.reduce(0) { $0 + logProbabilities[$1 - 1] } / Double(scored.count)
  }
}

/// A language model's answers without fine-tuning, by the heuristics of Radford et al. 2018, §5: which tokens to score, and what
/// follows from the scores.
public struct ZeroShot: Sendable {
  private let rule: ZeroShotRule
  private let tokenizer: Tokenizer
  private let context: Int

  /// The heuristic `rule` for a model that takes `context` tokens.
  public init(_ rule: ZeroShotRule, tokenizer: Tokenizer, context: Int) {
    precondition(context > 0, "no context")
    (self.rule, self.tokenizer, self.context) = (rule, tokenizer, context)
  }

  /// What to score for `example`: its sentence, the text with either word, or each answer after context and question.
  public func candidates(of example: TaskExample) -> [ZeroShotCandidate] {
    var unknown = UnknownTokens()
    return candidates(of: example, counting: &unknown)
  }

  /// What to score for `example`, whose unknown tokens are counted.
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

  /// The class or answer that the candidates' scores tell: the first of the highest, or whether the only one is above `threshold`.
  public func prediction(scores: [Double], threshold: Double) -> Double {
    switch rule {
    case .acceptability: scores[0] > threshold ? 1 : 0
    case .words, .answers:
      Double(scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 })
    }
  }

  /// The threshold above which class 1 begins so that `metric` is best on these scores and their labels; of equally good ones the
  /// lowest. Always finite: one below all scores, or one of them.
  ///
  /// Every distinct score is tried on all others: for a thousand or two, not for a hundred thousand.
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
