import Data
import Testing

@Suite struct MetricTests {
  private struct Case: Decodable {
    var predictions: [Double]
    var labels: [Double]
    var metrics: [String: Double?]
  }

  @Test(arguments: Metric.allCases)
  func valuesAreThoseOfScikitLearnAndSciPy(_ metric: Metric) throws {
    let cases: [Case] = try fixture("metrics.json")
    var compared = 0
    for item in cases {
      guard let expected = item.metrics[metric.rawValue] else { continue }
      let value = metric.value(predictions: item.predictions, labels: item.labels)
      if let expected {
        #expect(abs(value - expected) < 1e-9, "\(item)")
        compared += 1
      } else {
        #expect(value.isNaN, "\(item)")
      }
    }
    #expect(compared > 20)
  }

  @Test func noPredictionsAtAllHaveMetricsToo() {
    func value(_ metric: Metric) -> Double { metric.value(predictions: [], labels: []) }
    #expect(value(.f1) == 0 && value(.matthews) == 0)
    #expect(value(.accuracy).isNaN && value(.pearson).isNaN && value(.spearman).isNaN)
  }

  @Test func predictionsThatAreNoNumbersAreNeverRight() {
    let (predictions, labels) = ([Double.nan, 1, 0, 2], [0.0, 1, 0, 3])
    func value(_ metric: Metric) -> Double {
      metric.value(predictions: predictions, labels: labels)
    }
    #expect(value(.accuracy) == 0.5 && value(.f1) == 1)
    #expect(value(.pearson).isNaN && value(.spearman).isNaN)
  }

  @Test func correlationsNeverExceedOne() {
    for scale in 1...50 {
      let labels = (0..<9).map { Double($0 * $0) / 7 }
      let predictions = labels.map { $0 * Double(scale) / 3 }
      let value = Metric.pearson.value(predictions: predictions, labels: labels)
      #expect(value <= 1 && value > 1 - 1e-12)
    }
  }

  /// MNLI has 393,000 examples: the variances' product is beyond 2⁶⁴.
  @Test func matthewsCorrelationOfManyExamplesDoesNotOverflow() {
    let labels = (0..<393_000).map { Double($0 % 3) }
    #expect(Metric.matthews.value(predictions: labels, labels: labels) == 1)
    let wrong = labels.map { $0 == 2 ? 0 : $0 + 1 }
    #expect(Metric.matthews.value(predictions: wrong, labels: labels) == -0.5)
  }
}
