import Files
import Foundation
import Tokenization

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reads COPA's XML (Roemmele, Bejan & Gordon 2011): elements `item`, with attributes for the question asked and the more plausible
/// alternative, which contain `p`, `a1` and `a2`.
final class CopaReader: NSObject, XMLParserDelegate {
  private let path: String
  private var builder: ExampleBuilder
  private var item: (attributes: [String: String], line: Int)?
  private var parts: [String: String] = [:]
  private var text = ""
  private var depth = 0
  /// The line of the first error; the parser may continue after it.
  private var errorLine: Int?

  private init(_ builder: ExampleBuilder, path: String) {
    (self.builder, self.path) = (builder, path)
  }

  static func read(
    _ text: Span<UInt8>, path: String, into builder: inout ExampleBuilder
  ) throws(InputError) {
    if let encoding = foreignEncoding(text) {
      throw InputError(
        "declares the encoding \(encoding.reported()) but is UTF-8; write `encoding=\"UTF-8\"`",
        path: path, line: 1)
    }
    if let (what, offset) = unexpectedMarkup(text) {
      throw InputError(
        "holds \(what.reported()), but COPA files may hold only elements and text: remove it",
        path: path, line: 1 + text.string(0..<offset).utf8.count { $0 == UInt8(ascii: "\n") })
    }
    let reader = CopaReader(builder, path: path)
    let parser = XMLParser(data: Foundation.Data(text.array()))
    parser.delegate = reader
    let isWhole = parser.parse()
    builder = reader.builder
    // FoundationXML accepts a file that ends inside a tag.
    guard isWhole, reader.depth == 0 else {
      throw InputError(
        "is not well-formed XML; get the file again", path: path,
        line: reader.errorLine ?? max(1, parser.lineNumber))
    }
  }

  /// The encoding that the first line declares, if it is not UTF-8 or ASCII; otherwise nil.
  private static func foreignEncoding(_ text: Span<UInt8>) -> String? {
    let line = text.string(0..<(text.first(UInt8(ascii: ">"), in: 0..<min(text.count, 200)) ?? 0))
    guard let match = line.firstMatch(of: /encoding\s*=\s*["']([^"']*)["']/) else { return nil }
    let name = match.1.lowercased()
    return ["utf-8", "utf8", "us-ascii", "ascii"].contains(name) ? nil : String(match.1)
  }

  /// The beginning and offset of the first processing instruction or declaration, except the XML declaration and a DOCTYPE without an
  /// internal subset. FoundationXML 6.3 crashes on an instruction without data, and entities can grow without bound.
  private static func unexpectedMarkup(_ text: Span<UInt8>) -> (text: String, offset: Int)? {
    var offset = 0
    while let start = text.first(UInt8(ascii: "<"), in: offset..<text.count) {
      offset = start + 1
      guard offset < text.count, "?!".utf8.contains(text[offset]) else { continue }
      let end = text.first(UInt8(ascii: ">"), in: offset..<text.count) ?? text.count
      let markup = text.string(start..<min(end, start + 200))
      let isDeclared = markup.hasPrefix("<!DOCTYPE ") && !markup.contains("[")
      let isPlain = ["<!--", "<![CDATA["].contains { markup.hasPrefix($0) }
      if isDeclared || isPlain || start == 0 && markup.hasPrefix("<?xml ") { continue }
      return (String(markup.prefix(20)), start)
    }
    return nil
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String] = [:]
  ) {
    text = ""
    depth += 1
    if name == "item" { (item, parts) = ((attributes, parser.lineNumber), [:]) }
  }

  func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    depth -= 1
    guard name == "item" else {
      parts[name] = text.trimmingCharacters(in: .whitespacesAndNewlines)
      return
    }
    finishItem()
    item = nil
  }

  func parser(_ parser: XMLParser, parseErrorOccurred parseError: any Error) {
    errorLine = errorLine ?? max(1, parser.lineNumber)
  }

  private func finishItem() {
    guard let (attributes, line) = item else { return }
    func damaged(_ what: String) {
      builder.damaged(InputError("an item \(what); get the file again", path: path, line: line))
    }
    let question: String
    switch attributes["asks-for"] {
    case "cause": question = "What was the cause of this?"
    case "effect": question = "What happened as a result?"
    default: return damaged("has no `asks-for` attribute with the value cause or effect")
    }
    let answer = attributes["most-plausible-alternative"]
    guard answer != nil || builder.mayLackLabels else {
      return damaged("has no most-plausible-alternative")
    }
    guard let premise = parts["p"], let first = parts["a1"], let second = parts["a2"] else {
      return damaged("lacks one of p, a1 and a2")
    }
    builder.add(
      id: attributes["id"], texts: [premise, question], answers: [first, second], label: answer,
      path: path, line: line)
  }
}
