/// A supervised task: the transformation of its examples into token sequences, its answer, its metrics, and its files.
///
/// Built-in tasks are values of this type; a user's task is read from YAML and needs no Swift.
public struct TaskSpec: Sendable, Equatable {
  /// The name for `--task`.
  public var name: String

  /// One line for people: the question that the task asks.
  public var about: String

  /// The source from which the files can be downloaded; empty if unknown.
  public var source: String

  /// The transformation of an example into sequences.
  public var transformation: Transformation

  /// The kind of answer that is predicted.
  public var answer: Answer

  /// The metrics of predictions; the first one selects the best model.
  public var metrics: [Metric]

  /// The files of the task and their layout.
  public var files: TaskFiles

  /// The heuristic by which a language model answers without fine-tuning; nil if the paper has none.
  public var zeroShot: ZeroShotRule?

  /// The layout of a predictions file.
  public var submission: Submission
}

/// The transformation of an example into token sequences (Radford et al. 2018, Figure 1).
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

/// The kind of answer that a task predicts.
public enum Answer: Sendable, Equatable {
  /// One of several labels, numbered in this order.
  case classes([String])
  /// The right one of this number of answers, numbered from 0.
  case choices(Int)
  /// A number from 0 to the given one, predicted as the expected value of a distribution over the whole numbers in this range (STS-B; Tai,
  /// Socher & Manning 2015, arXiv:1503.00075, eq. 15).
  case score(upTo: Int)

  /// N, the number of outputs of the linear layer per activation that it reads.
  public var outputs: Int {
    switch self {
    case .classes(let labels): labels.count
    case .choices: 1
    case .score(let most): most + 1
    }
  }

  /// The probabilities to learn for the label `label`, an index or a score.
  public func probabilities(of label: Double) -> [Float] {
    switch self {
    case .classes(let labels): oneHot(Int(label), of: labels.count)
    case .choices(let count): oneHot(Int(label), of: count)
    case .score(let most):
      (0...most).map { Float(max(0, 1 - abs(Double($0) - label))) }
    }
  }

  /// The prediction for a distribution: an index or a score.
  public func prediction(of probabilities: [Double]) -> Double {
    switch self {
    case .classes, .choices:
      // The first of equal ones, like numpy's argmax.
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

/// An example as its file contains it.
public struct TaskExample: Sendable, Equatable {
  /// The id of the example in a predictions file.
  public var id: String

  /// The texts. Classification: the text; entailment: premise and hypothesis; similarity: both sentences; multiple choice: context and
  /// question, or only the context.
  public var texts: [String]

  /// The answers of multiple choice; otherwise empty.
  public var answers: [String] = []

  /// The index of the class or of the right answer, or the score; nil if the file has no label.
  public var label: Double?

  /// Creates an example.
  public init(id: String, texts: [String], answers: [String] = [], label: Double?) {
    (self.id, self.texts, self.answers, self.label) = (id, texts, answers, label)
  }
}

/// The paper's heuristics for a language model that has seen no example of a task (§5, "Zero-shot Behaviors").
public enum ZeroShotRule: Sendable, Equatable {
  /// Compares the mean log-probability of a sentence's tokens with a threshold: class 1 above it (CoLA).
  case acceptability
  /// Compares the probabilities of two words after the text and `appended`: class 0 or class 1 (SST-2: "very"; negative, positive).
  case words(appended: String, negative: String, positive: String)
  /// Selects the answer whose tokens have the highest mean log-probability after context and question.
  case answers
}
