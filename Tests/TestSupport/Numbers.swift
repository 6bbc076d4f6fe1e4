/// True if two numbers agree up to rounding.
public func isNear(_ one: Double, _ other: Double) -> Bool {
  abs(one - other) <= 1e-9 * abs(other)
}

/// ‖a − b‖/‖b‖ in Float64.
public func relativeDifference(_ a: [Float], _ b: [Float]) -> Double {
  precondition(a.count == b.count)
  var difference = 0.0
  var norm = 0.0
  for (a, b) in zip(a, b) {
    difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
    norm += Double(b) * Double(b)
  }
  return (difference / norm).squareRoot()
}
