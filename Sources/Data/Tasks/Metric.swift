/// A measure of predictions. The values are those of scikit-learn (accuracy, F1, Matthews) and SciPy (the correlations).
public enum Metric: String, Sendable, Codable, CaseIterable {
  /// The fraction of predictions that equal their label.
  case accuracy
  /// The harmonic mean of precision and recall of class 1, 2·TP/(2·TP + FP + FN); all other classes count as negative.
  case f1
  /// The Matthews correlation for any number of classes (Gorodkin 2004, Comput. Biol. Chem. 28).
  case matthews
  /// The Pearson correlation.
  case pearson
  /// The Spearman correlation: the Pearson correlation of the ranks, where equal values have their mean rank.
  case spearman

  /// The metric of predictions against their labels, each a class index or a score.
  ///
  /// Undefined cases follow scikit-learn: F1 without any class 1 is 0, and so is the Matthews correlation if all predictions or all labels
  /// are equal. They follow SciPy for correlations: NaN if all predictions or all labels are equal, if there are fewer than two, or if any
  /// value is NaN. The accuracy of no predictions is NaN. JSON has no NaN: files contain null instead.
  public func value(predictions: [Double], labels: [Double]) -> Double {
    precondition(predictions.count == labels.count, "every prediction needs its label")
    return switch self {
    case .accuracy: Self.hits(predictions, labels) / Double(labels.count)
    case .f1: Self.f1(predictions, labels)
    case .matthews: Self.matthews(predictions, labels)
    case .pearson: Self.pearson(predictions, labels)
    case .spearman: Self.spearman(predictions, labels)
    }
  }

  private static func hits(_ predictions: [Double], _ labels: [Double]) -> Double {
    Double(zip(predictions, labels).count(where: { $0 == $1 }))
  }

  private static func f1(_ predictions: [Double], _ labels: [Double]) -> Double {
    let found = zip(predictions, labels).count(where: { $0 == 1 && $1 == 1 })
    let either = predictions.count(where: { $0 == 1 }) + labels.count(where: { $0 == 1 })
    return either == 0 ? 0 : Double(2 * found) / Double(either)
  }

  /// All sums are whole numbers below 2⁵³, so their order does not matter. The product of the variances would overflow an Int.
  private static func matthews(_ predictions: [Double], _ labels: [Double]) -> Double {
    let (predicted, actual) = (classCounts(predictions), classCounts(labels))
    func overlap(_ a: [Double: Double], _ b: [Double: Double]) -> Double {
      a.reduce(0) { $0 + $1.value * b[$1.key, default: 0] }
    }
    let count = Double(labels.count)
    let covariance = hits(predictions, labels) * count - overlap(predicted, actual)
    let predictedVariance = count * count - overlap(predicted, predicted)
    let actualVariance = count * count - overlap(actual, actual)
    guard predictedVariance > 0, actualVariance > 0 else { return 0 }
    return covariance / (predictedVariance * actualVariance).squareRoot()
  }

  private static func classCounts(_ values: [Double]) -> [Double: Double] {
    values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  private static func pearson(_ x: [Double], _ y: [Double]) -> Double {
    // By comparison, because the rounded mean of equal numbers can differ from them.
    guard x.contains(where: { $0 != x[0] }), y.contains(where: { $0 != y[0] }) else { return .nan }
    let (dx, dy) = (deviations(x), deviations(y))
    let r = dot(dx, dy) / (dot(dx, dx).squareRoot() * dot(dy, dy).squareRoot())
    return r > 1 ? 1 : r < -1 ? -1 : r  // rounding; a NaN stays
  }

  private static func deviations(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.map { $0 - mean }
  }

  private static func dot(_ x: [Double], _ y: [Double]) -> Double {
    zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private static func spearman(_ x: [Double], _ y: [Double]) -> Double {
    guard !(x + y).contains(where: \.isNaN) else { return .nan }
    return pearson(ranks(x), ranks(y))
  }

  /// Ranks from 1; equal values have their mean rank.
  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      let equal = order[start...].prefix { values[$0] == values[order[start]] }
      for index in equal { ranks[index] = Double(start + 1 + equal.endIndex) / 2 }
      start = equal.endIndex
    }
    return ranks
  }
}
