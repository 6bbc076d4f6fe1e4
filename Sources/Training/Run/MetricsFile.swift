import Files

/// Reads the `metrics.jsonl` of a run.
package enum MetricsFile {
  /// The path of the file in a run directory.
  package static func path(in folder: String) -> String { "\(folder)/metrics.jsonl" }

  /// All lines, except an incomplete last line, which a killed run leaves.
  ///
  /// - Throws: an InputError with the number of a line that no run wrote
  package static func lines(_ path: String) throws -> [MetricsLine] {
    let texts = String(decoding: try FileReader.bytes(of: path), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    var lines: [MetricsLine] = []
    for (number, text) in zip(1..., texts) where !text.isEmpty {
      do { lines.append(try MetricsLine(text)) } catch {
        if number == texts.count { continue }
        throw InputError(
          "is not a line that `pretrain` writes: remove it or restore the file", path: path,
          line: number)
      }
    }
    return lines
  }

  /// The last measurement of the run in `folder`; nil if there is none.
  static func lastEvaluation(folder: String) -> Evaluation? {
    evaluations(folder).first { $0.validationLoss != nil || $0.zeroShot != nil }
  }

  /// The measurement with the highest score of the run in `folder`, the first of several; nil if there is none.
  static func bestEvaluation(folder: String) -> Evaluation? {
    evaluations(folder).reduce(nil) { best, next in
      guard let score = next.score else { return best }
      return best?.score.map { $0.isBetter(than: score) } == true ? best : next
    }
  }

  /// The measurements, last first. Lines that cannot be read are skipped.
  private static func evaluations(_ folder: String) -> some Sequence<Evaluation> {
    // A run that resumes from another run's last checkpoint in a new folder has no file.
    let path = path(in: folder)
    let bytes = Path.exists(path) ? (try? FileReader.bytes(of: path)) ?? [] : []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").reversed().lazy.compactMap
    {
      guard case .evaluation(let found)? = try? MetricsLine($0) else { return nil }
      return found
    }
  }
}
