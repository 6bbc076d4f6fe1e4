import Files
import Foundation

/// The layout of a predictions file.
public enum Submission: Sendable, Equatable {
  /// GLUE's (gluebenchmark.com/faq): `index`, tab, `prediction`.
  case glue
  /// The Story Cloze Test's: `InputStoryid,AnswerRightEnding`.
  case storyCloze
  /// `id`, tab, `prediction`.
  case plain

  /// The file's text: a header, then a line an example. A cell that holds a separator, a quote, or the end of a line is quoted
  /// (RFC 4180), as Python's csv and pandas write and read it: `read_csv(path, sep="\t")`.
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
      return Submission.cell(id, separator) + separator + Submission.cell(value, separator) + "\n"
    }
    return header + "\n" + lines.joined()
  }

  private static func cell(_ text: String, _ separator: String) -> String {
    let special = (separator + "\"\r\n").utf8
    guard text.utf8.contains(where: special.contains) else { return text }
    var quoted = [UInt8(ascii: "\"")]
    for byte in text.utf8 { quoted += byte == UInt8(ascii: "\"") ? [byte, byte] : [byte] }
    return String(decoding: quoted + [UInt8(ascii: "\"")], as: UTF8.self)
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

  /// What is strange about the names of examples in a predictions file, in sentences: names that are empty, or stand there twice.
  public func submissionWarnings(ids: [String]) -> [String] {
    var (seen, twice, empty) = (Set<String>(), [String](), 0)
    for id in ids {
      if id.isEmpty { empty += 1 } else if !seen.insert(id).inserted { twice.append(id) }
    }
    return [
      empty > 0 ? "\(empty) of \(ids.count) examples have an empty name" : nil,
      twice.first.map {
        "\(twice.count) of \(ids.count) examples have a name that an earlier example has, the first of them \($0.reported())"
      },
    ].compactMap { $0 }
  }
}
