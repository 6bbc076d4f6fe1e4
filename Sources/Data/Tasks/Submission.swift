import Foundation

/// The layout of a predictions file.
public enum Submission: Sendable, Equatable {
  /// GLUE's (gluebenchmark.com/faq): `index`, tab, `prediction`.
  case glue
  /// The Story Cloze Test's: `InputStoryid,AnswerRightEnding`.
  case storyCloze
  /// `id`, tab, `prediction`.
  case plain

  /// The file's text: a header, then a line an example.
  ///
  /// - Parameters:
  ///   - ids: what the examples are called
  ///   - predictions: for each an index into `labels`, or a score
  ///   - labels: what the files call the answers; empty where predictions are scores, which are written with four decimals
  public func text(ids: [String], predictions: [Double], labels: [String]) -> String {
    precondition(ids.count == predictions.count, "a prediction an example")
    let (header, separator) =
      switch self {
      case .glue: ("index\tprediction", "\t")
      case .storyCloze: ("InputStoryid,AnswerRightEnding", ",")
      case .plain: ("id\tprediction", "\t")
      }
    let lines = zip(ids, predictions).map { id, prediction in
      let value =
        labels.isEmpty ? String(format: "%.4f", prediction) : labels[Int(prediction)]
      return id + separator + value + "\n"
    }
    return header + "\n" + lines.joined()
  }
}

extension TaskSpec {
  /// A predictions file of this task in its own layout, labels spelled as in its files.
  ///
  /// - Parameters:
  ///   - ids: what the examples are called
  ///   - predictions: for each the index of a class or answer, or a score
  public func submissionText(ids: [String], predictions: [Double]) -> String {
    submission.text(ids: ids, predictions: predictions, labels: files.labels)
  }
}
