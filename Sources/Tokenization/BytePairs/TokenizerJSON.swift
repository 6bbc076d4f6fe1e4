import Files

/// The files with which `transformers` gives a text exactly the same ids as this program: `tokenizer.json`, `tokenizer_config.json` and
/// `special_tokens_map.json`.
extension Tokenizer {
  /// Writes the three files into the existing folder `folder`.
  ///
  /// - Parameters:
  ///   - context: the longest sequence that the model accepts
  ///   - specials: the tokens of a fine-tuned model, which are added around every text; nil for a language model
  public func saveForTransformers(
    to folder: String, context: Int, specials: SpecialTokens?
  ) throws(InputError) {
    try FileWriter.write(json(specials), to: "\(folder)/\(Self.jsonName)")
    var names = #""unk_token": "<unk>""#
    if let specials {
      let roles = [
        ("bos_token", specials.start), ("cls_token", specials.end),
        ("pad_token", specials.delimiter), ("sep_token", specials.delimiter),
      ]
      for (role, id) in roles { names += ",\n  \"\(role)\": \(Self.name(id, specials))" }
    }
    // Without model_input_names, a model would be given token types, for which GPT-1 adds the embedding of token 0. A name of a special
    // token within a text is ordinary text.
    let config = """
      {
        \(names),
        "clean_up_tokenization_spaces": false,
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": \(context),
        "padding_side": "right",
        "split_special_tokens": true,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "truncation_side": "right"
      }

      """
    try FileWriter.write(config, to: "\(folder)/tokenizer_config.json")
    try FileWriter.write("{\n  \(names)\n}\n", to: "\(folder)/special_tokens_map.json")
  }

  private static func name(_ id: Int32, _ specials: SpecialTokens) -> String {
    let names = zip(specials.ids, SpecialTokens.names)
    return quoted(Array((names.first { $0.0 == id }?.1 ?? "").utf8))
  }

  /// The text of `tokenizer.json`.
  private func json(_ specials: SpecialTokens?) -> String {
    let pieces = encoding.vocabulary.pieces
    var entries = pieces.enumerated().map { "\(Self.quoted($1)): \($0)" }
    let ids = specials?.ids ?? []
    if let specials, Int(specials.start) > pieces.count {
      // If the vocabulary does not contain the added tokens, they are numbered from its end, regardless of their ids. The model of the
      // paper has more rows than a smaller tokenizer has pieces.
      entries += ids.map { "\(Self.name($0, specials)): \($0)" }
    }
    let merges = encoding.merges.map { pair in
      let parts = [pair.left, pair.right].map { pieces[Int($0)] }
      return Self.quoted(parts[0] + [UInt8(ascii: " ")] + parts[1])
    }
    let added =
      [(unknownId, Self.quoted(Vocabulary.unknown))]
      + (specials.map { specials in ids.map { ($0, Self.name($0, specials)) } } ?? [])
    let addedTokens = added.map {
      """
      {"id": \($0.0), "content": \($0.1), "single_word": false, "lstrip": false, "rstrip": false, \
      "normalized": false, "special": true}
      """
    }
    return """
      {
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [
          \(addedTokens.joined(separator: ",\n    "))
        ],
        "normalizer": {"type": "Sequence", "normalizers": [
          \(normalizers.joined(separator: ",\n    "))
        ]},
        "pre_tokenizer": \(preTokenizer),
        "post_processor": \(Self.postProcessor(specials)),
        "decoder": {"type": "BPEDecoder", "suffix": "</w>"},
        "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": "", \
      "end_of_word_suffix": "</w>", "fuse_unk": false, "byte_fallback": false,
          "vocab": {\(entries.joined(separator: ", "))},
          "merges": [\(merges.joined(separator: ", "))]
        }
      }

      """
  }

  /// The part of `Standardise` that the following steps do not do, and the rules of BERT. A line break becomes a noncharacter, because
  /// BERT's rules would turn it into a space.
  private var normalizers: [String] {
    func replace(_ pattern: String, _ content: String, isExpression: Bool = true) -> String {
      #"{"type": "Replace", "pattern": {"\#(isExpression ? "Regex" : "String")": "\#(pattern)"}, "content": "\#(content)"}"#
    }
    let before = [
      replace(#"[\\x{2013}-\\x{2015}]"#, "-"), replace("…", "...", isExpression: false),
      replace("´", "'", isExpression: false),
      replace(#"[\\x0b\\x0c\\x1c-\\x1f\\x{85}]"#, " "),
    ]
    let bert =
      #"{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}"#
    guard newlineId != nil else { return before + [bert] }
    return before + [
      replace(#"\\A\\s+|\\s+\\z"#, ""), replace(#"\\s*\\n\\s*"#, #" \ufdd0 "#), bert,
      replace(#"\ufdd0"#, #"\n"#, isExpression: false),
    ]
  }

  private var preTokenizer: String {
    guard newlineId != nil else { return #"{"type": "BertPreTokenizer"}"# }
    return #"""
      {"type": "Sequence", "pretokenizers": [
          {"type": "Split", "pattern": {"String": "\n"}, "behavior": "Isolated", "invert": false},
          {"type": "Split", "pattern": {"Regex": "[^\\S\\n]+"}, "behavior": "Removed", "invert": false},
          {"type": "Punctuation", "behavior": "Isolated"}
        ]}
      """#
  }

  /// `<s> text <e>`; for two texts `<s> a $ b <e>`.
  private static func postProcessor(_ specials: SpecialTokens?) -> String {
    guard let specials else { return "null" }
    let names = specials.ids.map { name($0, specials) }
    func token(_ place: Int) -> String {
      #"{"SpecialToken": {"id": \#(names[place]), "type_id": 0}}"#
    }
    func text(_ name: String) -> String { #"{"Sequence": {"id": "\#(name)", "type_id": 0}}"# }
    let ids = zip(names, specials.ids).map { name, id in
      #"\#(name): {"id": \#(name), "ids": [\#(id)], "tokens": [\#(name)]}"#
    }
    return """
      {"type": "TemplateProcessing",
          "single": [\(token(0)), \(text("A")), \(token(2))],
          "pair": [\(token(0)), \(text("A")), \(token(1)), \(text("B")), \(token(2))],
          "special_tokens": {\(ids.joined(separator: ", "))}
        }
      """
  }
}
