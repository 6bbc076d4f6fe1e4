import Files

/// A run's `metrics.jsonl`, as it is read.
package enum MetricsFile {
  /// The file of a run directory.
  package static func path(in folder: String) -> String { "\(folder)/metrics.jsonl" }

  /// All lines. What a killed run left of its last line is none.
  ///
  /// - Throws: InputError with the line that no run wrote
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

  /// The last measurement of the run in `folder`; nil where there is none.
  static func lastEvaluation(folder: String) -> Evaluation? {
    evaluations(folder).first { $0.validationLoss != nil || $0.zeroShot != nil }
  }

  /// The first of the measurements of the run in `folder` with the highest score; nil where there is none.
  static func bestEvaluation(folder: String) -> Evaluation? {
    evaluations(folder).reduce(nil) { best, next in
      guard let score = next.score else { return best }
      return best?.score.map { $0.isBetter(than: score) } == true ? best : next
    }
  }

  /// The measurements, last first. A line that cannot be read is none.
  private static func evaluations(_ folder: String) -> some Sequence<Evaluation> {
    // A run that begins in a new folder from another's last checkpoint has none.
    let path = path(in: folder)
    let bytes = Path.exists(path) ? (try? FileReader.bytes(of: path)) ?? [] : []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").reversed().lazy.compactMap
    {
      guard case .evaluation(let found)? = try? MetricsLine($0) else { return nil }
      return found
    }
  }
}
