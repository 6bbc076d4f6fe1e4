import Files
import Foundation
import Model
import Tokenization

/// Converts text into a folder of token shards, in two passes over the files: the first checks the text and counts blocks and words, the
/// second encodes. Each pass holds only a few chunks of text and the open shard of each split in memory.
///
/// The ids of a split are those of its blocks, one after another, with a line break between them. Without a validation split, they are
/// exactly the ids of the whole standardised files.
public struct Preparation {
  /// Prepares the corpus of `config` and returns a description of the dataset. The folder appears as a whole or not at all; an existing
  /// dataset is replaced, any other folder is not touched.
  public static func run(
    _ config: PrepareConfig, progress: (String) -> Void = { _ in }
  ) throws -> DatasetInfo {
    try validate(config)
    let corpus = try Corpus(
      inputs: config.inputs, out: config.out, field: config.field)
    let preparation = Preparation(
      config: config, corpus: corpus,
      blockBytes: ValidationSplit.blockBytes(corpusBytes: corpus.bytes))
    return try preparation.run(progress)
  }

  private let config: PrepareConfig
  private let corpus: Corpus
  private let blockBytes: Int

  private static func validate(_ config: PrepareConfig) throws(InputError) {
    precondition(config.threads > 0 && config.shardTokens > 0, "no threads, or shards without ids")
    guard !config.inputs.isEmpty else { throw InputError("no text to read; give --input") }
    guard (0...0.5).contains(config.validationFraction) else {
      throw InputError(
        "--validation-fraction is \(config.validationFraction), expected 0 to 0.5")
    }
    if case .train(let merges) = config.tokenizer, merges < 1 || merges > 1_000_000 {
      throw InputError("--train-bpe is \(merges), expected 1 to 1000000 merges")
    }
    try requireReplaceable(config.out)
    try Destination.requireFolder(config.out, replacing: true)
  }

  /// Throws an InputError if `out` exists and holds files that `prepare` does not write.
  private static func requireReplaceable(_ out: String) throws(InputError) {
    guard Path.exists(out) else { return }
    guard Path.exists("\(out)/\(DatasetInfo.fileName)") else {
      throw InputError(
        "exists and is not a dataset, so it is not replaced; remove it or choose another --out",
        path: out)
    }
    let own = [DatasetInfo.fileName, "vocab.json", "merges.txt"]
    let foreign = try FolderCommit.files(in: out, folders: true).first {
      !own.contains($0) && !TokenFile.isName($0)
    }
    if let foreign {
      throw InputError(
        "holds \(foreign), which is not part of a dataset, so the folder is not replaced; move that file or "
          + "choose another --out", path: out)
    }
  }

  private func run(_ progress: (String) -> Void) throws -> DatasetInfo {
    let survey = try survey(progress)
    let heldOut = ValidationSplit.isHeldOut(
      blocks: survey.blocks, fraction: config.validationFraction)
    guard config.validationFraction == 0 || survey.blocks > 1 else {
      throw InputError(
        "the corpus is one line, so nothing can be held out; give more text, or "
          + "--validation-fraction 0", path: corpus.sources.first?.path)
    }
    // Six files: vocabulary, merges, description, the folder, and at least one shard of each split.
    try FreeSpace.require(corpus.bytes / 8, files: 6, for: "the dataset", at: config.out)
    let (tokenizer, learnWarnings) = try tokenizer(survey, progress)
    let housekeeping = Housekeeping()
    // Remains of the previous dataset are not a failure of this one.
    defer { for text in housekeeping.news() { progress("warning: \(text)") } }
    return try FolderCommit.commit(
      config.out, existing: .replaced, housekeeping: housekeeping
    ) { folder in
      try tokenizer.save(to: folder)
      let writers = Split.allCases.map {
        ShardWriter(
          folder: folder, split: $0, vocabularySize: tokenizer.vocabularySize,
          shardTokens: config.shardTokens)
      }
      let unknown = try encode(by: tokenizer, heldOut: heldOut, to: writers, progress)
      let (train, validation) = (writers[0], writers[1])
      guard train.tokens > 0, config.validationFraction == 0 || validation.tokens > 0 else {
        throw InputError(
          "the corpus is too small: \(train.tokens) tokens to train on, \(validation.tokens) held "
            + "out; give more text", path: corpus.sources.first?.path)
      }
      let info = DatasetInfo(
        version: DatasetInfo.currentVersion, vocabularySize: tokenizer.vocabularySize,
        tokenizerFingerprint: tokenizer.fingerprint, train: try train.finish(),
        validation: try validation.finish(), validationFraction: config.validationFraction,
        unigramEntropy: train.unigrams.entropy,
        unigramValidationLoss: train.unigrams.crossEntropy(of: validation.unigrams),
        unknownTokens: unknown.unknown, unknownShare: unknown.share, field: config.field,
        sources: corpus.sources,
        warnings: corpus.notes + survey.notes + learnWarnings
          + (unknown.warning.map { [$0] } ?? []))
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let json = FileName.printable(
        String(decoding: try encoder.encode(info), as: UTF8.self), inJSON: true)
      try FileWriter.write(json + "\n", to: "\(folder)/\(DatasetInfo.fileName)")
      return info
    }
  }

  package func tokenizer(
    _ survey: Survey, _ progress: (String) -> Void
  ) throws(InputError) -> (Tokenizer, warnings: [String]) {
    switch config.tokenizer {
    case .load(let folder): return (try Tokenizer.load(folder: folder), [])
    case .train(let merges):
      progress("learning \(merges) merges from \(survey.words.all.count) different words")
      let tokenizer = Tokenizer(
        BytePairLearner.learn(merges: merges, from: survey.words, progress: progress))
      let learned = tokenizer.mergeCount
      let warning =
        "only \(learned) of \(merges) merges could be learned: no other pair occurs twice in the "
        + "text; give more text, or ask for fewer"
      return (tokenizer, learned < merges ? [warning] : [])
    }
  }
}

// The two passes.
extension Preparation {
  /// The findings of the first pass.
  package struct Survey: Sendable {
    var blocks = 0
    var hasText = false
    var words = WordCounts()
    /// The control characters in the file that is being read.
    var controls = ControlCounts()
    /// The control characters in all files, and the files that have any.
    var allControls = ControlCounts()
    var filesWithControls: [String] = []

    /// Records the control characters of a file that has been read to its end; refuses a file with many.
    mutating func endFile(_ path: String?) throws(InputError) {
      guard let path else { return }
      if controls.isMany { throw InputError(controls.refusal, path: path) }
      if !controls.isEmpty { filesWithControls.append(path) }
      allControls.add(controls)
      controls = ControlCounts()
    }

    package var notes: [String] {
      TextFolder.PassedOver.note(
        filesWithControls, "file has \(allControls.description) in its text",
        "files have \(allControls.description) in their text")
    }
  }

  private var learns: Bool { if case .train = config.tokenizer { true } else { false } }

  private func survey(_ progress: (String) -> Void) throws -> Survey {
    let files = corpus.sources.count
    progress("reading \(corpus.bytes) bytes in \(files) file\(files == 1 ? "" : "s")")
    var survey = Survey()
    let (learns, json) = (learns, corpus.json)
    var path: String?
    try forEachResult { chunk -> Result<Survey, InputError> in
      if let error = chunk.invalidText() { return .failure(error) }
      var found = Survey(blocks: chunk.blocks.count)
      do throws(InputError) {
        try chunk.forEachText(json) { text in
          found.controls.add(ControlCounts(of: text))
          for index in text.indices where text[index] > 0x20 {
            found.hasText = true
            break
          }
          if learns { found.words.add(text: text) }
        }
      } catch { return .failure(error) }
      return .success(found)
    } consume: { chunk, result in
      let found = try result.get()
      if chunk.path != path { try survey.endFile(path) }
      path = chunk.path
      survey.controls.add(found.controls)
      survey.blocks += found.blocks
      survey.hasText = survey.hasText || found.hasText
      survey.words.add(found.words)
    }
    try survey.endFile(path)
    guard survey.hasText else {
      throw InputError(
        "the corpus is empty: no text in \(files) file\(files == 1 ? "" : "s"); check --input",
        path: config.inputs.first)
    }
    return survey
  }

  /// Encodes every block and appends it to the writer of its split.
  ///
  /// - Parameter writers: one per split, in order
  /// - Returns: the counts of all tokens and of the unknown ones
  package func encode(
    by tokenizer: Tokenizer, heldOut: [Bool], to writers: [ShardWriter],
    _ progress: (String) -> Void
  ) throws -> UnknownTokens {
    var done = 0
    var next = 0
    var unknown = UnknownTokens()
    let json = corpus.json
    try forEachResult { chunk -> Result<(blocks: [[Int32]], UnknownTokens), InputError> in
      var unknown = UnknownTokens()
      var blocks: [[Int32]] = []
      do throws(InputError) {
        try chunk.forEachText(json) { text in
          var ids: [Int32] = []
          tokenizer.encode(text, to: &ids, counting: &unknown)
          blocks.append(ids)
        }
      } catch { return .failure(error) }
      return .success((blocks, unknown))
    } consume: { chunk, result in
      let (encoded, found) = try result.get()
      unknown.add(found)
      for (block, ids) in zip(chunk.firstBlock..., encoded) where !ids.isEmpty {
        guard block < heldOut.count else { throw changed(chunk.path) }
        let writer = writers[heldOut[block] ? 1 : 0]
        if writer.tokens > 0, let newline = tokenizer.newlineId {
          try writer.append([newline])
          unknown.add(tokens: 1)
        }
        try writer.append(ids)
      }
      next = chunk.firstBlock + chunk.blocks.count
      done += chunk.bytes.count
      progress("encoded \(done) of \(corpus.bytes) bytes")
    }
    guard next == heldOut.count, done == corpus.bytes else {
      throw changed(config.inputs.first)
    }
    return unknown
  }

  private func changed(_ path: String?) -> InputError {
    InputError("the text changed while it was read; run prepare again", path: path)
  }

  /// Runs `work` on all chunks with the configured threads, and `consume` on each result in order.
  private func forEachResult<Result: Sendable>(
    _ work: @escaping @Sendable (Corpus.Chunk) -> Result,
    consume: (Corpus.Chunk, Result) throws -> Void
  ) throws {
    var waiting: [Corpus.Chunk] = []
    func flush() throws {
      let results = OrderedMap.map(waiting, threads: config.threads, work)
      for (chunk, result) in zip(waiting, results) { try consume(chunk, result) }
      waiting.removeAll()
    }
    try corpus.forEachChunk(blockBytes: blockBytes) { chunk in
      waiting.append(chunk)
      if waiting.count == 4 * config.threads { try flush() }
    }
    try flush()
  }
}
