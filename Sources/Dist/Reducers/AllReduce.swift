import Buffers

/// Sums the whole gradient on every rank, after backward; every rank then updates all weights
/// alike.
final class AllReduce: GradientReducer {
  private let gradients: Vector
  private let communicator: Communicator
  private let wire: Wire
  private var announced = 0

  init(_ setup: ReducerSetup) throws(MPIError) {
    gradients = setup.gradients
    communicator = setup.communicator
    wire = try Wire(setup.wire, places: 1, most: Communicator.chunk)
  }

  static func floats(_ layout: GradientLayout, ranks: Int, wire: WireFormat) -> Int {
    Wire.floats(wire, places: 1, most: Communicator.chunk)
  }

  var owned: Range<Int> { 0..<gradients.count }

  func ready(_ range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= gradients.count, "a range outside the gradient")
    announced += range.count
  }

  func finish() throws(MPIError) -> Range<Int> {
    // Other strategies would sum what is not there yet: they all hold their callers to the same
    // order.
    precondition(
      announced == gradients.count, "\(announced) of \(gradients.count) floats were announced")
    announced = 0
    try communicator.allReduceSum(gradients, over: wire)
    return owned
  }
}
