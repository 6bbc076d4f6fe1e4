import Buffers

/// Layer normalisation over the last axis (Ba, Kiros & Hinton 2016, arXiv:1607.06450, eq. 4).
///
///     y = gain ⊙ x̂ + bias,   x̂ = (x − μ)/σ,   σ = √(var(x) + ε)
public enum LayerNorm {
  /// Normalises every row; the variance is taken in a second pass, around the mean of the first.
  ///
  /// - Parameters:
  ///   - x: (rows, C)
  ///   - gain: (C)
  ///   - bias: (C)
  ///   - epsilon: ε, in the square of x's unit
  ///   - y: (rows, C), overwritten; may be x
  ///   - mean: (rows), μ, overwritten; `backward` reads it
  ///   - rstd: (rows), 1/σ, overwritten; `backward` reads it
  public static func forward(
    _ x: Matrix, gain: Vector, bias: Vector, epsilon: Float,
    into y: Matrix, mean: Vector, rstd: Vector
  ) {
    precondition(x.columns > 0, "LayerNorm: rows of no columns")
    precondition(
      y.rows == x.rows && y.columns == x.columns, "LayerNorm: y has another shape than x")
    precondition(
      gain.count == x.columns && bias.count == x.columns, "LayerNorm: gain and bias have C elements"
    )
    precondition(
      mean.count == x.rows && rstd.count == x.rows,
      "LayerNorm: mean and rstd have one element a row")
    for row in 0..<x.rows {
      let x = x[row: row]
      let y = y[row: row]

      var sum = Lanes()
      @inline(__always)
      func addToMean(_ i: LaneStep) { sum += x[i] }
      forEachStep(of: x.count, addToMean)
      let mu = sum.total / Float(x.count)

      var squares = Lanes()
      @inline(__always)
      func addToVariance(_ i: LaneStep) {
        let centred = x.load(i, fill: mu) - mu
        squares = squares.addingProduct(centred, centred)
      }
      forEachStep(of: x.count, addToVariance)
      let inverse = 1 / (squares.total / Float(x.count) + epsilon).squareRoot()

      @inline(__always)
      func normalise(_ i: LaneStep) {
        let normalised = (x[i] - mu) * inverse
        y[i] = bias[i].addingProduct(normalised, gain[i])
      }
      forEachStep(of: x.count, normalise)
      mean[row] = mu
      rstd[row] = inverse
    }
  }

  /// The three gradients of `forward`.
  ///
  ///     dx̂ = dy ⊙ gain,   dx = (dx̂ − mean(dx̂) − x̂ mean(dx̂ ⊙ x̂))/σ
  ///     dGain += Σ dy ⊙ x̂,   dBias += Σ dy      (over rows, in their order)
  ///
  /// - Parameters:
  ///   - dy: (rows, C)
  ///   - x: (rows, C), what `forward` read
  ///   - mean: (rows), of `forward`
  ///   - rstd: (rows), of `forward`
  ///   - dx: (rows, C), overwritten; may be dy
  ///   - dGain: (C), added to
  ///   - dBias: (C), added to
  public static func backward(
    _ dy: Matrix, x: Matrix, gain: Vector, mean: Vector, rstd: Vector,
    into dx: Matrix, addingToGain dGain: Vector, bias dBias: Vector
  ) {
    precondition(x.columns > 0, "LayerNorm: rows of no columns")
    precondition(
      dy.rows == x.rows && dy.columns == x.columns && dx.rows == x.rows && dx.columns == x.columns,
      "LayerNorm: dy and dx have the shape of x")
    precondition(
      gain.count == x.columns && dGain.count == x.columns && dBias.count == x.columns,
      "LayerNorm: gain, dGain and dBias have C elements")
    precondition(
      mean.count == x.rows && rstd.count == x.rows,
      "LayerNorm: mean and rstd have one element a row")
    let perColumn = 1 / Float(x.columns)
    for row in 0..<x.rows {
      let x = x[row: row]
      let dy = dy[row: row]
      let dx = dx[row: row]
      let mu = mean[row]
      let inverse = rstd[row]

      var sum = Lanes()
      var sumOfProducts = Lanes()
      @inline(__always)
      func addToSums(_ i: LaneStep) {
        let normalised = (x[i] - mu) * inverse
        let dResult = dy[i]
        let dNormalised = dResult * gain[i]
        sum += dNormalised
        sumOfProducts = sumOfProducts.addingProduct(dNormalised, normalised)
        dGain[i] = dGain[i].addingProduct(dResult, normalised)
        dBias[i] = dBias[i] + dResult
      }
      forEachStep(of: x.count, addToSums)
      let meanOfD = Lanes(repeating: sum.total * perColumn)
      let meanOfProduct = Lanes(repeating: -sumOfProducts.total * perColumn)

      @inline(__always)
      func differentiate(_ i: LaneStep) {
        let normalised = (x[i] - mu) * inverse
        let dNormalised = dy[i] * gain[i]
        let centred = (dNormalised - meanOfD).addingProduct(normalised, meanOfProduct)
        dx[i] = centred * inverse
      }
      forEachStep(of: x.count, differentiate)
    }
  }
}
