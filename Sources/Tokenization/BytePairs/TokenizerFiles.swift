import Files

extension Tokenizer {
  /// Reads the tokenizer in `folder`: `vocab.json` and `merges.txt` (Hugging Face's layout), or `encoder_bpe_40000.json` and
  /// `vocab_40000.bpe` (OpenAI's), or only `tokenizer.json`. An InputError names the file and line of an error.
  public static func load(folder: String) throws(InputError) -> Tokenizer {
    try SumsFile.requireWhole(folder) { fileNames.contains($0) }
    let layouts = [("vocab.json", "merges.txt"), ("encoder_bpe_40000.json", "vocab_40000.bpe")]
    let json = "\(folder)/\(jsonName)"
    for (vocabulary, merges) in layouts
    where Path.exists("\(folder)/\(vocabulary)")
      && (Path.exists("\(folder)/\(merges)") || !Path.exists(json))
    {
      let tokenizer = try load(
        vocabulary: "\(folder)/\(vocabulary)", merges: "\(folder)/\(merges)")
      if Path.exists(json) {
        try requireSameIds(
          tokenizer.encoding.vocabulary, of: "\(folder)/\(vocabulary)", json: json)
      }
      return tokenizer
    }
    if Path.exists(json) { return try load(json: json) }
    guard Path.exists(folder) else {
      throw InputError("there is no such folder; give one that holds a tokenizer", path: folder)
    }
    throw InputError(
      "holds no tokenizer; expected vocab.json and merges.txt, encoder_bpe_40000.json and "
        + "vocab_40000.bpe, or tokenizer.json", path: folder)
  }

  /// True if `folder` contains files of a tokenizer.
  public static func lies(in folder: String) -> Bool {
    fileNames.contains { Path.exists("\(folder)/\($0)") }
  }

  private static let fileNames = [
    "vocab.json", "merges.txt", "encoder_bpe_40000.json", "vocab_40000.bpe", jsonName,
  ]

  /// Writes `vocab.json` and `merges.txt` into the existing folder `folder` in Hugging Face's layout, which `OpenAIGPTTokenizer` loads.
  public func save(to folder: String) throws(InputError) {
    let pieces = encoding.vocabulary.pieces
    let entries = pieces.enumerated().map { "\(Self.quoted($1)): \($0)" }
    try FileWriter.write(
      "{" + entries.joined(separator: ", ") + "}\n", to: "\(folder)/vocab.json")
    var lines = "#version: 0.2\n"
    for pair in encoding.merges {
      let parts = [pair.left, pair.right].map { String(decoding: pieces[Int($0)], as: UTF8.self) }
      lines += "\(parts[0]) \(parts[1])\n"
    }
    try FileWriter.write(lines, to: "\(folder)/merges.txt")
  }

  /// A JSON string with only the escapes that JSON requires.
  static func quoted(_ piece: [UInt8]) -> String {
    var text: [UInt8] = [UInt8(ascii: "\"")]
    for byte in piece {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\n"): text += "\\n".utf8
      case 0..<0x20: text += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
      default: text.append(byte)
      }
    }
    return String(decoding: text + [UInt8(ascii: "\"")], as: UTF8.self)
  }

  private static func load(
    vocabulary path: String, merges mergesPath: String
  ) throws(InputError) -> Tokenizer {
    let bytes = try TextFile.bytes(of: path)
    var parser = VocabularyParser(bytes, path: path)
    let vocabulary = try parser.vocabulary()
    let merges = try merges(mergesPath, vocabulary: vocabulary)
    try vocabulary.requireEndOfWord(path: path)
    try vocabulary.requireAllMerges(merges, path: mergesPath)
    return Tokenizer(BytePairEncoding(vocabulary: vocabulary, merges: merges))
  }

  private static func merges(
    _ path: String, vocabulary: Vocabulary
  ) throws(InputError) -> [Pair] {
    let bytes = try TextFile.bytes(of: path)
    var merges: [Pair] = []
    var seen: Set<Pair> = []
    for (number, line) in bytes.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    ).enumerated() {
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      if line.isEmpty || number == 0 && line.starts(with: "#version".utf8) { continue }
      let text = String(decoding: line, as: UTF8.self)
      func wrong(_ reason: String) -> InputError {
        InputError(reason, path: path, line: number + 1)
      }
      let parts = line.split(separator: UInt8(ascii: " ")).map(Array.init)
      guard parts.count == 2 else {
        throw wrong("\"\(text)\" is not a merge: expected two pieces with a space between them")
      }
      guard let left = vocabulary.id(of: parts[0]), let right = vocabulary.id(of: parts[1]),
        vocabulary.id(of: parts[0] + parts[1]) != nil
      else {
        throw wrong(
          "the pieces of \"\(text)\" or its result are not in the vocabulary; use both files "
            + "of the same tokenizer")
      }
      let pair = Pair(left: left, right: right)
      guard seen.insert(pair).inserted else { throw wrong("the merge \"\(text)\" appears twice") }
      merges.append(pair)
    }
    return merges
  }
}
