import Files

extension Tokenizer {
  /// The file of Hugging Face's fast tokenizers.
  static let jsonName = "tokenizer.json"

  /// Loads the tokenizer in the `tokenizer.json` at `path`, which must contain a byte-pair encoding like GPT-1's.
  ///
  /// Tokens that it adds to the vocabulary (for a task, for padding) are rows of the model that no text uses, and are left out.
  static func load(json path: String) throws(InputError) -> Tokenizer {
    let bytes = try TextFile.bytes(of: path)
    let tree = try JSONTree(bytes, path: path)
    if let difference = difference(tree) {
      throw InputError(
        "is not a GPT-1 tokenizer: \(difference)", path: path)
    }
    let vocabulary = try vocabulary(tree, path: path)
    let merges = try merges(tree, vocabulary, path: path)
    try vocabulary.requireEndOfWord(path: path)
    try vocabulary.requireAllMerges(merges, path: path)
    return Tokenizer(BytePairEncoding(vocabulary: vocabulary, merges: merges))
  }

  /// Refuses a `tokenizer.json` at `path` with which `transformers` would give texts other ids than `vocabulary`, which is read instead of
  /// it. Tokens that it adds, or that stand for no text, may be missing in either.
  ///
  /// - Parameter vocabularyPath: the file from which `vocabulary` was read
  static func requireSameIds(
    _ vocabulary: Vocabulary, of vocabularyPath: String, json path: String
  ) throws(InputError) {
    // A file that cannot be read is no contradiction, and is not needed.
    guard let bytes = try? TextFile.bytes(of: path), let tree = try? JSONTree(bytes, path: path),
      case .object(let members)? = tree["model"]?["vocab"]
    else { return }
    let added = addedTokens(tree)
    func shown(_ piece: [UInt8]) -> String { String(decoding: piece, as: UTF8.self).reported() }
    func refusal(_ here: String, _ there: String) -> InputError {
      InputError(
        "\(here), but \(Path.name(vocabularyPath)) beside it \(there): take all files from the same tokenizer, or "
          + "remove the wrong one of the two", path: path)
    }
    var seen = [Bool](repeating: false, count: vocabulary.pieces.count)
    for member in members {
      let here = "\(shown(member.key)) has the id \(member.value.described)"
      if let id = vocabulary.id(of: member.key) {
        seen[Int(id)] = true
        guard member.value.int == Int(id) else { throw refusal(here, "gives it \(id)") }
      } else if !added.contains(member.key), !Vocabulary.isSpecial(member.key) {
        throw refusal(here, "has no such piece")
      }
    }
    let lost = seen.indices.first {
      !seen[$0] && !added.contains(vocabulary.pieces[$0])
        && !Vocabulary.isSpecial(vocabulary.pieces[$0])
    }
    guard let lost else { return }
    throw refusal("there is no piece \(shown(vocabulary.pieces[lost]))", "gives it the id \(lost)")
  }

  /// The texts of the tokens added to the vocabulary.
  private static func addedTokens(_ tree: JSONTree) -> Set<[UInt8]> {
    Set(
      (tree["added_tokens"]?.elements ?? []).compactMap { token -> [UInt8]? in
        if case .string(let content)? = token["content"] { content } else { nil }
      })
  }

  /// A description of the first difference between `tree` and GPT-1's tokenizer; nil if there is none.
  private static func difference(_ tree: JSONTree) -> String? {
    guard let model = tree["model"] else { return "there is no `model`" }
    func differs(_ place: String, _ found: JSONTree?, _ expected: String) -> String {
      "\(place) is \(found?.described ?? "missing"), expected \(expected)"
    }
    if let type = model["type"], type.text != "BPE" {
      return differs("model.type", type, "\"BPE\"")
    }
    let suffix = model["end_of_word_suffix"]
    guard suffix?.text == "</w>" else {
      return differs("model.end_of_word_suffix", suffix, "\"</w>\"")
    }
    if let prefix = model["continuing_subword_prefix"], prefix.text != "" {
      return differs("model.continuing_subword_prefix", prefix, "none")
    }
    for key in ["byte_fallback", "ignore_merges", "fuse_unk"] {
      if let flag = model[key], case .bool(true) = flag {
        return differs("model.\(key)", flag, "false")
      }
    }
    if let dropout = model["dropout"], !["0", "0.0"].contains(dropout.described) {
      return differs("model.dropout", dropout, "none")
    }
    if let unknown = model["unk_token"], unknown.text != "<unk>" {
      return differs("model.unk_token", unknown, "\"<unk>\"")
    }
    let normalizers = parts(tree["normalizer"], "normalizers")
    guard let bert = normalizers.first(where: { $0["type"]?.text == "BertNormalizer" }) else {
      return differs("normalizer", tree["normalizer"]?["type"], "a \"BertNormalizer\"")
    }
    for key in ["lowercase", "clean_text", "handle_chinese_chars", "strip_accents"] {
      if case .bool(false)? = bert[key] { return differs("normalizer.\(key)", bert[key], "true") }
    }
    let splitters = parts(tree["pre_tokenizer"], "pretokenizers")
    guard
      splitters.contains(where: { ["BertPreTokenizer", "Punctuation"].contains($0["type"]?.text) })
    else {
      return differs("pre_tokenizer", tree["pre_tokenizer"]?["type"], "a \"BertPreTokenizer\"")
    }
    // Special tokens are for tasks and padding; these would stand for words of the text.
    for token in tree["added_tokens"]?.elements ?? [] {
      guard case .bool(false)? = token["special"], let content = token["content"] else { continue }
      return
        "added_tokens has \(content.described), which is not special, so it would be matched in texts before they are lower-cased and split"
    }
    return nil
  }

  /// The elements of a sequence, or the single component.
  private static func parts(_ tree: JSONTree?, _ key: String) -> [JSONTree] {
    guard let tree else { return [] }
    return tree["type"]?.text == "Sequence" ? tree[key]?.elements ?? [] : [tree]
  }

  private static func vocabulary(
    _ tree: JSONTree, path: String
  ) throws(InputError) -> Vocabulary {
    guard case .object(let members)? = tree["model"]?["vocab"] else {
      throw InputError("holds no vocabulary: `model.vocab` is not an object", path: path)
    }
    let added = addedTokens(tree).subtracting([Vocabulary.unknown])
    var pieces: [Int: [UInt8]] = [:]
    for member in members where !added.contains(member.key) {
      let piece = String(decoding: member.key, as: UTF8.self)
      guard let id = member.value.int, 0...Int(Int32.max) ~= id else {
        throw InputError(
          "the id of \"\(piece)\" is \(member.value.described); expected a whole number, 0 or more",
          path: path)
      }
      if let other = pieces.updateValue(member.key, forKey: id) {
        let others = String(decoding: other, as: UTF8.self)
        throw InputError("\"\(others)\" and \"\(piece)\" have the same id \(id)", path: path)
      }
    }
    var inOrder: [[UInt8]] = []
    for id in 0..<pieces.count {
      guard let piece = pieces[id] else {
        throw InputError(
          "no piece has the id \(id), although there are \(pieces.count) pieces: ids must be 0, 1, 2, … "
            + "without a gap", path: path)
      }
      inOrder.append(piece)
    }
    guard let vocabulary = Vocabulary(inOrder) else {
      throw InputError("the piece <unk> is missing from `model.vocab`", path: path)
    }
    return vocabulary
  }

  /// Reads merges, each a list of two pieces, or two pieces separated by a space.
  private static func merges(
    _ tree: JSONTree, _ vocabulary: Vocabulary, path: String
  ) throws(InputError) -> [Pair] {
    guard case .array(let entries)? = tree["model"]?["merges"] else {
      throw InputError("holds no merges: `model.merges` is not a list", path: path)
    }
    var merges: [Pair] = []
    var seen: Set<Pair> = []
    for (place, entry) in entries.enumerated() {
      func wrong(_ reason: String) -> InputError {
        InputError("merge \(place + 1) of `model.merges` \(reason)", path: path)
      }
      let parts =
        switch entry {
        case .string(let bytes): bytes.split(separator: UInt8(ascii: " ")).map(Array.init)
        default:
          entry.elements.compactMap { part -> [UInt8]? in
            if case .string(let bytes) = part { bytes } else { nil }
          }
        }
      guard parts.count == 2 else { throw wrong("is \(entry.described); expected two pieces") }
      guard let left = vocabulary.id(of: parts[0]), let right = vocabulary.id(of: parts[1]),
        vocabulary.id(of: parts[0] + parts[1]) != nil
      else {
        throw wrong("has pieces, or a result, that are not in the vocabulary")
      }
      let pair = Pair(left: left, right: right)
      guard seen.insert(pair).inserted else { throw wrong("appears twice") }
      merges.append(pair)
    }
    return merges
  }
}
