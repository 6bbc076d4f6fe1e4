import Files
import Foundation
import Tokenization

/// Reads RACE (Lai et al. 2017, arXiv:1704.04683): a folder of `.txt` files, each a JSON object with an article, questions, four options
/// per question, and answers A to D.
enum RaceReader {
  private struct Passage: Decodable {
    let article: String
    let questions: [String]
    let options: [[String]]
    let answers: [String?]?
  }

  static func read(_ folder: String, into builder: inout ExampleBuilder) throws(InputError) {
    let decoder = JSONDecoder()
    let passages = try TextFolder(folder)
    builder.notes += passages.notes.map { "\(folder): \($0)" }
    for file in passages.files {
      let path = "\(folder)/\(file)"
      let data = try TextFile.withBytes(of: path) { Foundation.Data($0.array()) }
      let passage: Passage
      do { passage = try decoder.decode(Passage.self, from: data) } catch {
        builder.damaged(
          InputError(
            "is not a RACE passage: expected one JSON object with article, questions, options and "
              + "answers; get the file again", path: path))
        continue
      }
      let (count, answers) = (passage.questions.count, passage.answers)
      guard answers?.allSatisfy({ $0 != nil }) ?? true || builder.mayLackLabels,
        answers != nil || builder.mayLackLabels, answers?.count ?? count == count,
        passage.options.count == count, passage.options.allSatisfy({ $0.count == 4 })
      else {
        builder.damaged(
          InputError(
            "does not have four options and one answer for each of its \(count) questions; get the "
              + "file again", path: path))
        continue
      }
      for question in 0..<count {
        builder.add(
          id: "\(file.dropLast(4))-\(question)",
          texts: [passage.article, passage.questions[question]],
          answers: passage.options[question], label: answers?[question] ?? nil, emptyAnswers: true,
          path: path, line: nil)
      }
    }
  }
}
