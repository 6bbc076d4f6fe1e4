import Foundation

/// The operations in Float64, written from their formulas.
enum Reference {
  // MARK: GELU

  static func gelu(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  static func geluSlope(_ x: Double) -> Double {
    let c = (2 / Double.pi).squareRoot()
    let t = tanh(c * (x + 0.044715 * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x)
  }

  // MARK: Layer norm

  static let epsilon = 1e-5

  /// μ and 1/σ of each row.
  static func moments(_ x: Table) -> (mean: Table, rstd: Table) {
    let c = Double(x.columns)
    let mean = Table(1, x.rows) { _, row in (0..<x.columns).reduce(0) { $0 + x[row, $1] } / c }
    let rstd = Table(1, x.rows) { _, row in
      let variance = (0..<x.columns).reduce(0) { $0 + pow(x[row, $1] - mean[0, row], 2) } / c
      return 1 / (variance + epsilon).squareRoot()
    }
    return (mean, rstd)
  }

  static func layerNorm(_ x: Table, gain: Table, bias: Table) -> Table {
    let (mean, rstd) = moments(x)
    return Table(x.rows, x.columns) {
      gain[0, $1] * (x[$0, $1] - mean[0, $0]) * rstd[0, $0] + bias[0, $1]
    }
  }

  static func layerNormBackward(
    _ dy: Table, x: Table, gain: Table
  ) -> (dx: Table, dGain: Table, dBias: Table) {
    let (mean, rstd) = moments(x)
    let xHat = Table(x.rows, x.columns) { (x[$0, $1] - mean[0, $0]) * rstd[0, $0] }
    let dXHat = Table(x.rows, x.columns) { dy[$0, $1] * gain[0, $1] }
    let dx = Table(x.rows, x.columns) { row, column in
      var sum = 0.0
      var sumOfProducts = 0.0
      for j in 0..<x.columns {
        sum += dXHat[row, j]
        sumOfProducts += dXHat[row, j] * xHat[row, j]
      }
      return rstd[0, row]
        * (dXHat[row, column] - (sum + xHat[row, column] * sumOfProducts) / Double(x.columns))
    }
    return (dx, columnSums(dy.zip(xHat, *)), columnSums(dy))
  }

  static func columnSums(_ x: Table) -> Table {
    Table(1, x.columns) { _, column in (0..<x.rows).reduce(0) { $0 + x[$1, column] } }
  }

  // MARK: Attention of one head

  /// Causal probabilities before dropout.
  static func probabilities(_ q: Table, _ k: Table) -> Table {
    let scale = 1 / Double(q.columns).squareRoot()
    let scores = (q * k.transposed).map { exp($0 * scale) }
    return Table(q.rows, q.rows) { i, j in
      j > i ? 0 : scores[i, j] / (0...i).reduce(0) { $0 + scores[i, $1] }
    }
  }

  static func logSumExp(_ q: Table, _ k: Table) -> Table {
    let scores = q * k.transposed
    let scale = 1 / Double(q.columns).squareRoot()
    return Table(1, q.rows) { _, i in log((0...i).reduce(0) { $0 + exp(scale * scores[i, $1]) }) }
  }

  static func attention(_ q: Table, _ k: Table, _ v: Table, mask: Table) -> Table {
    probabilities(q, k).zip(mask, *) * v
  }

  static func attentionBackward(
    _ dy: Table, _ q: Table, _ k: Table, _ v: Table, mask: Table
  ) -> (dq: Table, dk: Table, dv: Table) {
    let p = probabilities(q, k)
    let dP = (dy * v.transposed).zip(mask, *)
    let scale = 1 / Double(q.columns).squareRoot()
    let dScores = Table(q.rows, q.rows) { i, j in
      p[i, j] * (dP[i, j] - (0..<q.rows).reduce(0) { $0 + p[i, $1] * dP[i, $1] }) * scale
    }
    return (dScores * k, dScores.transposed * q, p.zip(mask, *).transposed * dy)
  }

  // MARK: Cross-entropy of one row

  static func crossEntropy(_ logits: Table, target: Int) -> Double {
    log(logits.values.reduce(0) { $0 + exp($1) }) - logits[0, target]
  }

  static func crossEntropyGradient(_ logits: Table, target: Int) -> Table {
    let sum = logits.values.reduce(0) { $0 + exp($1) }
    return Table(1, logits.columns) { exp(logits[$0, $1]) / sum - ($1 == target ? 1 : 0) }
  }
}
