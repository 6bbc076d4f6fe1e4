import Foundation

/// The commands of documents as one shell script that a reader would have typed, block after block.
///
/// A block of `sh` is commands. A block of `yaml` or `csv` is the file that the paragraph before it names in backticks. A block of
/// `text` is what the command prints with which the paragraph before it begins.
struct DocumentScript {
  /// The script, which ends at the first command that fails and names its document and line.
  private(set) var text = """
    set -eEuo pipefail
    place=''
    trap 'echo "$place: failed: $BASH_COMMAND" >&2' ERR

    """

  /// The blocks of commands in it.
  private(set) var blocks = 0

  /// - Parameters:
  ///   - documents: names and contents, in the order of reading
  ///   - left: why a line is not run; nil for one that is
  init(
    _ documents: [(name: String, text: String)], leaving left: (String) -> String? = { _ in nil }
  ) {
    for document in documents {
      for block in DocumentScript.blocks(of: document.text) {
        text += "place='\(document.name):\(block.line)'\n"
        append(block, left)
      }
    }
  }

  private mutating func append(_ block: Block, _ left: (String) -> String?) {
    switch block.language {
    case "sh":
      blocks += 1
      for line in block.lines {
        text += left(line).map { "echo \(quoted("left out, \($0): \(line)")) >&2" } ?? line
        text += "\n"
      }
    case "yaml", "csv":
      guard let name = block.names.last(where: { $0.hasSuffix(".\(block.language)") }) else {
        return
      }
      text += "printf '%s\\n' \(quoted(block.lines.joined(separator: "\n"))) >\(quoted(name))\n"
    case "text":
      guard let command = block.names.first, command.hasPrefix("gpt1-dist ") else { return }
      blocks += 1
      text += "diff <(\(command)) - <<'PRINTED'\n\(block.lines.joined(separator: "\n"))\nPRINTED\n"
    default: return
    }
  }

  private func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "'\\''") + "'"
  }

  private struct Block {
    let language: String
    /// Number of the first line inside the block, from 1.
    let line: Int
    /// Words in backticks of the paragraph before the block.
    let names: [String]
    var lines: [String] = []
  }

  private static func blocks(of text: String) -> [Block] {
    var found: [Block] = []
    var open: Block?
    var paragraph = ""
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      if line.hasPrefix("```") {
        if let block = open {
          found.append(block)
          (open, paragraph) = (nil, "")
        } else {
          let names = paragraph.matches(of: /`([^`]+)`/).map { String($0.1) }
          open = Block(language: String(line.dropFirst(3)), line: index + 2, names: names)
        }
      } else if open != nil {
        open?.lines.append(String(line))
      } else if !line.isEmpty {
        // A blank line ends a paragraph, but the one before a block has a blank line behind it.
        paragraph = index > 0 && paragraph.hasSuffix("\n\n") ? String(line) : paragraph + " " + line
      } else {
        paragraph += "\n\n"
      }
    }
    return found
  }
}
