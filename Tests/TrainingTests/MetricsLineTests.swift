import Foundation
import Testing
import Training

/// Lines of `metrics.jsonl`: written with their kind and time, read also from files that have neither.
@Suite struct MetricsLineTests {
  /// The figures of a step, without its number, in the order of the file.
  private static let figures =
    #""gradientNorm":0.5,"learningRate":0.001,"loss":5.25,"ranks":2,"secondsCommunication":0.25,"secondsCompute":0.5,"#
    + #""secondsComputeMax":0.5,"secondsComputeMedian":0.5,"secondsComputeMin":0.5,"slowestRank":1"#

  private static let versions =
    #"{"commit":"ab12","mpi":"Open MPI v4.1.4","oneDNN":"2.6.3","oneDNNInstructions":"AVX2","openBLAS":"0.3.21","#
    + #""openBLASKernels":"Haswell","program":"0.1.0","swift":"6.3.1"}"#

  /// A line of every kind, and the same line of a program that wrote no kinds.
  private static let lines: [(kind: MetricsLine.Kind, text: String, older: String)] = [
    (
      .step,
      "{\(figures),\"step\":7,\"time\":1700000000.125,\"tokens\":512,\"tokensPerSecond\":1000.5,\"type\":\"step\"}",
      "{\(figures),\"step\":7,\"tokens\":512,\"tokensPerSecond\":1000.5}"
    ),
    (
      .skipped,
      #"{"learningRate":0.001,"ranks":2,"step":7,"time":1700000000.125,"tokens":512,"type":"skipped","weightsHash":"ab"}"#,
      #"{"gradientNorm":null,"learningRate":0.001,"loss":null,"ranks":2,"secondsCommunication":0,"secondsCompute":0,"#
        + #""secondsComputeMax":0,"secondsComputeMedian":0,"secondsComputeMin":0,"skipped":true,"slowestRank":0,"step":7,"#
        + #""tokens":512,"tokensPerSecond":0,"weightsHash":"ab"}"#
    ),
    (
      .evaluation,
      #"{"step":7,"time":1700000000.125,"type":"evaluation","validationLoss":4.5}"#,
      #"{"step":7,"validationLoss":4.5}"#
    ),
    (
      .evaluation,
      #"{"metrics":[{"metric":"f1","value":0.75}],"step":7,"time":1700000000.125,"type":"evaluation"}"#,
      #"{"metrics":[{"metric":"f1","value":0.75}],"step":7}"#
    ),
    (
      .checkpoint,
      #"{"checkpoint":"checkpoints/step-00000007","secondsPaused":0.5,"secondsWritten":2,"step":7,"time":1700000000.125,"type":"checkpoint"}"#,
      #"{"checkpoint":"checkpoints/step-00000007","secondsPaused":0.5,"secondsWritten":2,"step":7}"#
    ),
    (
      .settings,
      #"{"settings":{"steps":"40"},"step":7,"time":1700000000.125,"type":"settings"}"#,
      #"{"settings":{"steps":"40"},"step":7}"#
    ),
    (
      // Younger than types; only the time may be missing.
      .start,
      #"{"host":"node1","ranks":2,"step":7,"threads":4,"time":1700000000.125,"type":"start","versions":\#(versions)}"#,
      #"{"host":"node1","ranks":2,"step":7,"threads":4,"type":"start","versions":\#(versions)}"#
    ),
  ]

  @Test(arguments: lines.indices) func everyKindComesBackAsItWasWritten(index: Int) throws {
    let (kind, text, _) = Self.lines[index]
    let line = try MetricsLine(text)
    #expect(line.kind == kind)
    #expect(try line.text(at: Date(timeIntervalSince1970: 1_700_000_000.125)) == text)
    // Milliseconds are kept, and no more.
    #expect(
      try line.text(at: Date(timeIntervalSince1970: 12.345_678_9)).contains("\"time\":12.346,"))
  }

  @Test(arguments: lines.indices) func linesOfOlderProgramsAreTheSame(index: Int) throws {
    let (_, text, older) = Self.lines[index]
    #expect(try MetricsLine(older) == MetricsLine(text))
  }

  /// All kinds are here: one that is added and not read fails.
  @Test func noKindIsLeftOut() {
    #expect(Set(Self.lines.map(\.kind)) == Set(MetricsLine.Kind.allCases))
  }

  /// An update that was computed and not applied was told by its mark, whatever its loss.
  @Test func olderSkippedSpikesAreSkipped() throws {
    let older = Self.lines[0].older.replacing("\"step\":7", with: "\"skipped\":true,\"step\":7")
    #expect(try MetricsLine(older).kind == .skipped)
  }

  @Test(arguments: [
    #"{"step":7,"type":"nothing"}"#, #"{"step":7,"type":"step"}"#, #"{"type":"evaluation"}"#,
    #"{"step":7,"loss":1}"#, "{]", "",
  ]) func whatNoRunWritesIsRefused(text: String) {
    #expect(throws: DecodingError.self) { try MetricsLine(text) }
  }
}
