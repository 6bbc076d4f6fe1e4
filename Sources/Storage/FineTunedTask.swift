import Console
import Data
import Files
import Tokenization

/// The task that a model was fine-tuned for, as recorded under the key `gpt1_dist` of its config.json, which `transformers` ignores.
public struct FineTunedTask: Sendable, Codable, Equatable {
  /// The kind of answer that a model predicts.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// One of several labels.
    case classes
    /// The right one of several answers.
    case choices
    /// A number, as a distribution over the whole numbers from 0.
    case score
  }

  /// The name of the task.
  public var task: String
  /// The transformation of its examples into sequences.
  public var transformation: Transformation
  /// The kind of answer that is predicted.
  public var answer: Kind
  /// The tokens around and between the texts.
  public var specialTokens: SpecialTokens

  /// The allowed values of the enumerations in these files, by the name of the type, for error messages.
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

/// The task that a run fine-tunes a model for.
public struct FineTuning: Sendable {
  /// The task.
  public let spec: TaskSpec
  /// The tokens around and between its texts.
  public let specials: SpecialTokens

  /// Fine-tuning for `spec`.
  public init(_ spec: TaskSpec, specials: SpecialTokens) {
    (self.spec, self.specials) = (spec, specials)
  }

  /// The entry in config.json.
  var task: FineTunedTask {
    FineTunedTask(
      task: spec.name, transformation: spec.transformation, answer: spec.answer.kind,
      specialTokens: specials)
  }
}

extension Answer {
  /// The kind of this answer.
  package var kind: FineTunedTask.Kind {
    switch self {
    case .classes: .classes
    case .choices: .choices
    case .score: .score
    }
  }

  /// The names of the outputs of the linear layer, in order.
  package var outputNames: [String] {
    switch self {
    case .classes(let labels): labels
    // The single output scores how well an answer fits its context.
    case .choices: ["answer"]
    case .score(let most): (0...most).map(String.init)
    }
  }

  /// `problem_type`, which determines how `transformers` converts outputs into probabilities. A score is a distribution over whole numbers;
  /// the single output for an answer is not converted, so that it can be compared with those of the other answers.
  var problemType: String {
    switch self {
    case .classes, .score: "single_label_classification"
    case .choices: "regression"
    }
  }
}

extension HuggingFaceConfig {
  /// The names of `count` outputs in order; nil if none are given, or if they are the defaults of `transformers`.
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
