import Files
import Yams

extension InputError {
  /// Describes the error in a text that is not YAML, in one sentence with its line; Yams itself would print the line.
  package init(notYAML error: any Error, path: String?) {
    let (words, line): (String, Int?) =
      switch error {
      case YamlError.scanner(_, let problem, let mark, _),
        YamlError.parser(_, let problem, let mark, _),
        YamlError.composer(_, let problem, let mark, _):
        (problem, mark.line)
      case YamlError.duplicatedKeysInMapping(let keys, let context):
        ("the key \("\(keys.first ?? "")".reported()) is given twice", context.mark.line)
      case YamlError.reader(let problem, let offset, let value, let text):
        (
          problem
            + (Unicode.Scalar(UInt32(bitPattern: value)).map { ": \(String($0).reported())" } ?? ""),
          offset.map { text.prefix($0).count(where: \.isNewline) + 1 }
        )
      default:
        ("\(error)".split(whereSeparator: \.isNewline).joined(separator: " ").withoutControls, nil)
      }
    self.init("is not YAML: \(words)", path: path, line: line)
  }
}
