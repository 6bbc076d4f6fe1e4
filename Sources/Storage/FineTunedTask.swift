import Console
import Data
import Files
import Tokenization

/// What a fine-tuned model was trained for, as the key `gpt1_dist` of its config.json tells; `transformers` passes it over.
public struct FineTunedTask: Sendable, Codable, Equatable {
  /// What a model predicts, by the kind of `Answer`.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// One of several labels.
    case classes
    /// Which of several answers is right.
    case choices
    /// A number, as a distribution over whole numbers from 0.
    case score
  }

  /// The task's name.
  public var task: String
  /// How its examples become sequences.
  public var transformation: Transformation
  /// What is predicted.
  public var answer: Kind
  /// The tokens that stand around and between texts.
  public var specialTokens: SpecialTokens

  /// The values of the enumerations in files about tasks, by their types' names.
  package static let choices = [
    "Transformation": Transformation.allCases.map(\.rawValue),
    "Kind": Kind.allCases.map(\.rawValue),
    "Metric": Metric.allCases.map(\.rawValue),
  ]

  enum CodingKeys: String, CodingKey {
    case task, transformation, answer
    case specialTokens = "special_tokens"
  }
}

/// What a run fine-tunes a model for.
public struct FineTuning: Sendable {
  /// The task.
  public let spec: TaskSpec
  /// The tokens that stand around and between its texts.
  public let specials: SpecialTokens

  /// Fine-tuning for `spec`.
  public init(_ spec: TaskSpec, specials: SpecialTokens) {
    (self.spec, self.specials) = (spec, specials)
  }

  /// What stands in config.json.
  var task: FineTunedTask {
    FineTunedTask(
      task: spec.name, transformation: spec.transformation, answer: spec.answer.kind,
      specialTokens: specials)
  }
}

extension Answer {
  /// The kind alone.
  package var kind: FineTunedTask.Kind {
    switch self {
    case .classes: .classes
    case .choices: .choices
    case .score: .score
    }
  }

  /// What the outputs of the linear layer are called, in their order.
  package var outputNames: [String] {
    switch self {
    case .classes(let labels): labels
    // How well an answer goes with its context.
    case .choices: ["answer"]
    case .score(let most): (0...most).map(String.init)
    }
  }

  /// `problem_type`, by which `transformers` makes probabilities of the outputs. A score is a distribution over whole numbers; the one
  /// output for an answer is left as it is, to be compared with that for the others.
  var problemType: String {
    switch self {
    case .classes, .score: "single_label_classification"
    case .choices: "regression"
    }
  }
}

extension HuggingFaceConfig {
  /// The names of `count` outputs in their order; nil where none are given, or those that `transformers` makes up.
  package func outputNames(_ count: Int, path: String) throws(InputError) -> [String]? {
    if let labels, labels != count {
      throw InputError(
        "num_labels is \(labels), but score.weight has \(counted(count, "output")): correct num_labels, or take the "
          + "weights that belong to it", path: path)
    }
    guard let labelNames else { return nil }
    let names = (0..<count).compactMap { labelNames[String($0)] }
    guard names.count == count, labelNames.count == count else {
      throw InputError(
        "id2label names \(counted(labelNames.count, "label")), but score.weight has "
          + "\(counted(count, "output")): expected one name for each of 0 to \(count - 1)",
        path: path)
    }
    guard Set(names.map { Array($0.utf8) }).count == count else {
      throw InputError(
        "id2label gives two outputs the same name: \(names.joined(separator: ", "))", path: path)
    }
    return names == (0..<count).map({ "LABEL_\($0)" }) ? nil : names
  }
}
