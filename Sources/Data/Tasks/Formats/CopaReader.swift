import Files
import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reads COPA's XML (Roemmele, Bejan & Gordon 2011): `item` with what it asks for and the right alternative, and in it `p`, `a1`, `a2`.
final class CopaReader: NSObject, XMLParserDelegate {
  private let path: String
  private var builder: ExampleBuilder
  private var failure: InputError?
  private var item: (attributes: [String: String], line: Int)?
  private var parts: [String: String] = [:]
  private var text = ""
  private var depth = 0

  private init(_ builder: ExampleBuilder, path: String) {
    (self.builder, self.path) = (builder, path)
  }

  static func read(
    _ text: Span<UInt8>, path: String, into builder: inout ExampleBuilder
  ) throws(InputError) {
    let reader = CopaReader(builder, path: path)
    let parser = XMLParser(data: Foundation.Data(text.array()))
    parser.delegate = reader
    let isWhole = parser.parse()
    if let failure = reader.failure { throw failure }
    // FoundationXML does not mind a file that ends inside of a tag.
    guard isWhole, reader.depth == 0 else {
      throw InputError(
        "is not well-formed XML; get the file again", path: path, line: max(1, parser.lineNumber))
    }
    builder = reader.builder
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
    do throws(InputError) { try finishItem() } catch {
      failure = error
      parser.abortParsing()
    }
  }

  private func finishItem() throws(InputError) {
    guard let (attributes, line) = item else { return }
    func wrong(_ what: String) -> InputError {
      InputError("an item \(what); get the file again", path: path, line: line)
    }
    let question: String
    switch attributes["asks-for"] {
    case "cause": question = "What was the cause of this?"
    case "effect": question = "What happened as a result?"
    default: throw wrong("has no asks-for that is cause or effect")
    }
    let answer = attributes["most-plausible-alternative"]
    guard answer != nil || builder.mayLackLabels else {
      throw wrong("has no most-plausible-alternative")
    }
    guard let premise = parts["p"], let first = parts["a1"], let second = parts["a2"] else {
      throw wrong("lacks one of p, a1 and a2")
    }
    try builder.add(
      id: attributes["id"], texts: [premise, question], answers: [first, second], label: answer,
      path: path, line: line)
  }
}
