/// Swift source with what is not meant blanked out by spaces, so that lines and columns stay.
///
/// Knows comments (nested), strings (raw, of several lines) and the code inside their interpolations; not regex literals.
struct SwiftText {
  /// Code alone: comments and the contents of strings are blank.
  private(set) var code: [String] = [""]

  /// Code and comments: only the contents of strings are blank.
  private(set) var spoken: [String] = [""]

  private enum Place {
    case code
    case interpolation(parentheses: Int)
    case lineComment
    case blockComment
    case string(pounds: Int, isMultiline: Bool)
  }

  init(_ source: String) {
    let text = Array(source)
    var places: [Place] = [.code]
    var index = 0

    func starts(_ word: String, at start: Int) -> Bool {
      word.count <= text.count - start && zip(word, text[start...]).allSatisfy(==)
    }

    while index < text.count {
      var length = 1
      var isSeen = (code: true, spoken: true)
      switch places[places.count - 1] {
      case .lineComment:
        isSeen.code = false
        if text[index] == "\n" { places.removeLast() }
      case .blockComment:
        isSeen.code = false
        if starts("/*", at: index) {
          places.append(.blockComment)
          length = 2
        } else if starts("*/", at: index) {
          places.removeLast()
          length = 2
        }
      case .string(let pounds, let isMultiline):
        let fence = String(repeating: "#", count: pounds)
        isSeen = (false, false)
        if starts("\\\(fence)(", at: index) {
          places.append(.interpolation(parentheses: 0))
          length = pounds + 2
        } else if starts("\\\(fence)", at: index) {
          length = pounds + 2  // the escaped character
        } else if starts((isMultiline ? "\"\"\"" : "\"") + fence, at: index) {
          places.removeLast()
          length = (isMultiline ? 3 : 1) + pounds
        }
      case .code, .interpolation:
        if starts("//", at: index) {
          places.append(.lineComment)
          isSeen.code = false
        } else if starts("/*", at: index) {
          places.append(.blockComment)
          (length, isSeen.code) = (2, false)
        } else if text[index] == "\"" || text[index] == "#" {
          let pounds = text[index...].prefix { $0 == "#" }.count
          if starts("\"", at: index + pounds) {
            let isMultiline = starts("\"\"\"", at: index + pounds)
            places.append(.string(pounds: pounds, isMultiline: isMultiline))
            length = pounds + (isMultiline ? 3 : 1)
          }
        } else if case .interpolation(let depth) = places[places.count - 1] {
          if text[index] == "(" {
            places[places.count - 1] = .interpolation(parentheses: depth + 1)
          } else if text[index] == ")" {
            places.removeLast()
            if depth > 0 {
              places.append(.interpolation(parentheses: depth - 1))
            } else {
              isSeen = (false, false)  // as its opening parenthesis: those that are seen pair up
            }
          }
        }
      }
      for character in text[index..<min(index + length, text.count)] {
        append(character, isSeen: isSeen)
      }
      index += length
    }
  }

  private mutating func append(_ character: Character, isSeen: (code: Bool, spoken: Bool)) {
    if character == "\n" {
      code.append("")
      spoken.append("")
    } else {
      code[code.count - 1].append(isSeen.code ? character : " ")
      spoken[spoken.count - 1].append(isSeen.spoken ? character : " ")
    }
  }
}
