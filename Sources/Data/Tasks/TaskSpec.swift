/// A supervised task: how its examples become token sequences, what is predicted, how that is judged, and where its files are.
///
/// Built-in tasks are values of it; a user's own is read from YAML and needs no Swift.
public struct TaskSpec: Sendable, Equatable {
  /// What `--task` calls it.
  public var name: String

  /// One line for people: what is asked.
  public var about: String

  /// Where the files are to be had; empty where nobody said.
  public var source: String

  /// How an example becomes sequences.
  public var transformation: Transformation

  /// What is predicted.
  public var answer: Answer

  /// What predictions are judged by; the first decides which model is the best.
  public var metrics: [Metric]

  /// How the examples lie in files.
  public var files: TaskFiles

  /// How a language model answers without fine-tuning; nil where the paper has no heuristic.
  public var zeroShot: ZeroShotRule?

  /// The layout of a predictions file.
  public var submission: Submission
}

/// How an example becomes token sequences (Radford et al. 2018, Figure 1).
public enum Transformation: String, Sendable, Codable, CaseIterable {
  /// `<s> text <e>`
  case classification
  /// `<s> premise $ hypothesis <e>`
  case entailment
  /// `<s> a $ b <e>` and `<s> b $ a <e>`, whose activations are added before the linear layer
  case similarity
  /// `<s> context question $ answer <e>` for each answer, with one linear output each
  case multipleChoice = "multiple-choice"
}

/// What a task predicts.
public enum Answer: Sendable, Equatable {
  /// One of several labels, numbered in this order.
  case classes([String])
  /// Which of so many answers is right, numbered from 0.
  case choices(Int)
  /// A number from 0 to the given one, as a distribution over all whole numbers between: the expected value is the prediction
  /// (STS-B; Tai, Socher & Manning 2015, arXiv:1503.00075, eq. 15).
  case score(upTo: Int)

  /// N, the outputs of the linear layer for each activation that it reads.
  public var outputs: Int {
    switch self {
    case .classes(let labels): labels.count
    case .choices: 1
    case .score(let most): most + 1
    }
  }

  /// The probabilities to be learned where the label is `label`: an index, or a score.
  public func probabilities(of label: Double) -> [Float] {
    switch self {
    case .classes(let labels): oneHot(Int(label), of: labels.count)
    case .choices(let count): oneHot(Int(label), of: count)
    case .score(let most):
      (0...most).map { Float(max(0, 1 - abs(Double($0) - label))) }
    }
  }

  /// The prediction, an index or a score, that a distribution makes.
  public func prediction(of probabilities: [Double]) -> Double {
    switch self {
    case .classes, .choices:
      // The first of equal ones, as numpy's argmax.
      Double(probabilities.indices.reduce(0) { probabilities[$1] > probabilities[$0] ? $1 : $0 })
    case .score:
      zip(probabilities, 0...).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
  }

  private func oneHot(_ index: Int, of count: Int) -> [Float] {
    (0..<count).map { $0 == index ? 1 : 0 }
  }
}

/// A part of a task's examples.
public enum TaskSplit: String, Sendable, Codable, CaseIterable {
  case train, dev, test
}

/// One example as it stands in its file.
public struct TaskExample: Sendable, Equatable {
  /// What a predictions file calls it.
  public var id: String

  /// classification: the text; entailment: premise and hypothesis; similarity: both sentences; multiple choice: context and
  /// question, or the context alone.
  public var texts: [String]

  /// Multiple choice: the answers.
  public var answers: [String] = []

  /// The index of its class or right answer, or its score; nil where the file does not tell.
  public var label: Double?

  /// An example.
  public init(id: String, texts: [String], answers: [String] = [], label: Double?) {
    (self.id, self.texts, self.answers, self.label) = (id, texts, answers, label)
  }
}

/// The paper's heuristics for a language model that has seen no example of a task (§5, "Zero-shot Behaviors").
public enum ZeroShotRule: Sendable, Equatable {
  /// The mean log-probability of a sentence's tokens against a threshold: class 1 above it (CoLA).
  case acceptability
  /// Which of two words is likelier after the text and `appended`: class 0 or class 1 (SST-2: "very"; negative, positive).
  case words(appended: String, negative: String, positive: String)
  /// The answer whose tokens have the highest mean log-probability after context and question.
  case answers
}
