import Foundation

extension String {
  /// This value out of a file as messages show it: between backquotes, on one line, cut to a sensible length, with characters that
  /// cannot be seen by their code points: `good<U+00A0>`.
  ///
  /// - Parameter known: names that it may be mistaken for: letters that merely look like theirs are shown by code point too
  public func reported(besides known: [String] = []) -> String { "`\(shown(besides: known))`" }

  /// The same without backquotes.
  public func shown(besides known: [String] = []) -> String {
    let twins = known.filter { $0 != self && $0.skeleton == skeleton }
    let letters = Set(twins.flatMap(\.unicodeScalars))
    var shown = ""
    for (place, scalar) in unicodeScalars.enumerated() {
      guard place < String.reportedLength else { return shown + "…" }
      let isTwin = !twins.isEmpty && !scalar.isASCII && !letters.contains(scalar)
      shown += isTwin || scalar.isInvisible ? scalar.escaped : String(scalar)
    }
    return shown
  }

  /// The whole text with control characters, which would move a terminal's cursor or turn its text round, by their code points.
  public var withoutControls: String {
    guard unicodeScalars.contains(where: \.movesText) else { return self }
    return unicodeScalars.reduce(into: "") { $0 += $1.movesText ? $1.escaped : String($1) }
  }

  private static let reportedLength = 60

  /// The same for texts that look the same: lower case, compatible forms, letters of one alphabet, nothing invisible, no white space
  /// and no quotes at the ends.
  package var skeleton: String {
    let plain = precomposedStringWithCompatibilityMapping.lowercased().unicodeScalars
    let letters = plain.filter { $0 == " " || !$0.isInvisible }
      .map { String.twins[$0] ?? $0 }
    return String(String.UnicodeScalarView(letters))
      .trimmingCharacters(in: .whitespacesAndNewlines.union(CharacterSet(charactersIn: "\"'")))
  }

  /// Cyrillic and Greek letters, dashes and quotes, with what they are mistaken for.
  private static let twins: [Unicode.Scalar: Unicode.Scalar] = {
    let (from, to) = (
      "авсԁеһнііјкӏморԛѕтухԝαβεικνορτυχηıɡ‐‑‒–—−‘’“”",
      "abcdehhiijklmopqstyxwabeikvoptuxnig------''\"\""
    )
    return Dictionary(zip(from.unicodeScalars, to.unicodeScalars)) { first, _ in first }
  }()
}

extension Unicode.Scalar {
  /// True if it is invisible or looks like an ordinary blank.
  fileprivate var isInvisible: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned,
      .surrogate:
      true
    case .spaceSeparator: self != " "
    default: properties.isDefaultIgnorableCodePoint || self == "\u{2800}"
    }
  }

  /// True if it is a control character, ends a line, or changes the direction of the surrounding text.
  fileprivate var movesText: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
      true
    default: false
    }
  }

  fileprivate var escaped: String {
    switch self {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
      let digits = String(value, radix: 16, uppercase: true)
      return "<U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)>"
    }
  }
}
