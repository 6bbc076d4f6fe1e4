import Files
import Foundation

/// The layout of a predictions file.
public enum Submission: Sendable, Equatable {
  /// GLUE (gluebenchmark.com/faq): `index`, tab, `prediction`.
  case glue
  /// The Story Cloze Test: `InputStoryid,AnswerRightEnding`.
  case storyCloze
  /// Other tasks: `id`, tab, `prediction`.
  case plain

  /// The text of the file: a header, then one line per example. A cell that contains a separator, a quote, or the end of a line is quoted
  /// (RFC 4180), as Python's csv and pandas write and read it: `read_csv(path, sep="\t")`.
  ///
  /// - Parameters:
  ///   - ids: the ids of the examples
  ///   - predictions: for each example an index into `labels`, or a score
  ///   - labels: the names of the answers in the files; empty for scores, which are written with four decimals
  public func text(ids: [String], predictions: [Double], labels: [String]) -> String {
    precondition(ids.count == predictions.count, "one prediction per example")
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
  /// The text of a predictions file in the layout of this task, with labels spelled as in its files.
  ///
  /// - Parameters:
  ///   - ids: the ids of the examples
  ///   - predictions: for each example the index of a class or answer, or a score
  public func submissionText(ids: [String], predictions: [Double]) -> String {
    submission.text(ids: ids, predictions: predictions, labels: files.labels)
  }

  /// Warnings about the ids of examples in a predictions file, in sentences: empty or repeated ids.
  public func submissionWarnings(ids: [String]) -> [String] {
    var (seen, twice, empty) = (Set<String>(), [String](), 0)
    for id in ids {
      if id.isEmpty { empty += 1 } else if !seen.insert(id).inserted { twice.append(id) }
    }
    return [
      empty > 0 ? "\(empty) of \(ids.count) examples have an empty name" : nil,
      twice.first.map {
        "\(twice.count) of \(ids.count) examples have the same name as an earlier example, the first of them \($0.reported())"
      },
    ].compactMap { $0 }
  }
}
