import Foundation
import Testing
import Training

@Suite struct AnomalyDetectorTests {
  /// A detector that has accepted `steps` of a falling, noisy loss and a steady, noisy norm.
  private func trained(_ steps: Int, level: Double = 0) -> AnomalyDetector {
    var detector = AnomalyDetector()
    for step in 0..<steps {
      detector.accept(loss: loss(step) + level, norm: norm(step))
    }
    return detector
  }

  private func loss(_ step: Int) -> Double {
    6 * exp(-Double(step) / 500) + 0.2 * sin(Double(step * step))
  }

  private func norm(_ step: Int) -> Double { 1.5 * exp(0.3 * cos(Double(step * step))) }

  @Test func normalStepsAreNoAnomalies() {
    var detector = AnomalyDetector()
    for step in 0..<2_000 {
      #expect(detector.finding(loss: loss(step), norm: norm(step), threshold: 10) == nil)
      detector.accept(loss: loss(step), norm: norm(step))
    }
  }

  @Test func nanAndInfinityAreAnomaliesFromTheFirstStepOnAndWithoutSpikes() {
    for (steps, threshold) in [(0, 10.0), (0, 0), (50, 10), (50, 0)] {
      let detector = trained(steps)
      func finding(_ loss: Double, _ norm: Double) -> String? {
        detector.finding(loss: loss, norm: norm, threshold: threshold).map {
          "\($0.kind.rawValue) \($0.quantity.rawValue)"
        }
      }
      #expect(finding(.nan, .nan) == "nan loss")
      #expect(finding(.nan, .infinity) == "nan loss")
      #expect(finding(5, .nan) == "nan gradientNorm")
      #expect(finding(.infinity, 1) == "infinity loss")
      #expect(finding(-.infinity, 1) == "infinity loss")
      #expect(finding(5, .infinity) == "infinity gradientNorm")
    }
  }

  @Test func aSpikeIsAboveTheStepsBeforeAndNotBelowThem() {
    let detector = trained(150)
    let up = detector.finding(loss: 12, norm: 1.5, threshold: 10)
    #expect(up?.kind == .spike && up?.quantity == .loss)
    #expect((up?.score ?? 0) > 10)
    #expect(detector.finding(loss: 0.1, norm: 1.5, threshold: 10) == nil)
    let norm = detector.finding(loss: 5, norm: 200, threshold: 10)
    #expect(norm?.kind == .spike && norm?.quantity == .gradientNorm)
    #expect(detector.finding(loss: 5, norm: 1e-9, threshold: 10) == nil)
    #expect(detector.finding(loss: 5, norm: 0, threshold: 10) == nil)
    #expect(detector.finding(loss: 12, norm: 200, threshold: 0) == nil)
    #expect(detector.finding(loss: 12, norm: 200, threshold: 1e9) == nil)
  }

  @Test func theScoreIsMedianAndMedianDeviation() {
    var detector = AnomalyDetector()
    // 1 … 21: the median is 11, and so many are 0, 1, 1, 2, 2, … away from it: their median is 5.
    for value in 1...21 { detector.accept(loss: Double(value), norm: 1) }
    let score = detector.finding(loss: 101, norm: 1, threshold: 3)?.score
    #expect(abs((score ?? 0) - 90 / (1.4826 * 5)) < 1e-12)
  }

  @Test func nothingIsASpikeBeforeEnoughSteps() {
    #expect(trained(AnomalyDetector.fewest - 1).finding(loss: 99, norm: 1, threshold: 10) == nil)
    #expect(trained(AnomalyDetector.fewest).finding(loss: 99, norm: 1, threshold: 10) != nil)
  }

  @Test func aFlatCurveDoesNotAlarm() {
    var detector = AnomalyDetector()
    for _ in 0..<100 { detector.accept(loss: 3, norm: 0.5) }
    #expect(detector.finding(loss: 3.01, norm: 0.6, threshold: 10) == nil)
    #expect(detector.finding(loss: 4.5, norm: 0.5, threshold: 10) != nil)
    #expect(detector.finding(loss: 3, norm: 50, threshold: 10) != nil)
  }

  @Test func onlyTheLastStepsCount() {
    var (one, other) = (trained(10, level: 100), AnomalyDetector())
    for step in 0..<AnomalyDetector.window {
      one.accept(loss: loss(step), norm: norm(step))
      other.accept(loss: loss(step), norm: norm(step))
    }
    #expect(one == other)
    #expect(trained(AnomalyDetector.window + 1) != trained(AnomalyDetector.window))
  }

  @Test func itsStateSurvivesJSONBitForBit() throws {
    let detector = trained(137)
    let data = try JSONEncoder().encode(detector)
    #expect(try JSONDecoder().decode(AnomalyDetector.self, from: data) == detector)
  }
}
