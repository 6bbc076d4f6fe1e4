import Dist

/// What the ranks tell each other in every step, all in one small all-reduce: numbers by field, summed over the ranks.
///
/// A value of one rank alone is a field of as many places as there are ranks, zero but for its own.
struct StepSums {
  enum Field: Hashable {
    /// Σ of the losses of every micro-batch, from the rank that computed it.
    case losses
    /// Σ of the examples' part of them all, in fine-tuning.
    case taskLosses
    /// How many ranks were asked to stop.
    case stops
    /// A hash of a part of every rank's weights.
    case weights
    /// Every rank's seconds of computing since the last exchange.
    case seconds
  }

  private var values: [Double] = []
  private var places: [Field: Range<Int>] = [:]

  /// This rank's values before `exchange`, then the sums. Every rank sets the same fields, in the same order, once.
  subscript(_ field: Field) -> [Double] {
    get { places[field].map { Array(values[$0]) } ?? [] }
    set {
      precondition(places[field] == nil, "the field \(field) twice")
      places[field] = values.count..<values.count + newValue.count
      values += newValue
    }
  }

  /// `value` in this rank's place, zeros in the others'.
  static func own(_ value: Double, _ communicator: Communicator) -> [Double] {
    var values = [Double](repeating: 0, count: communicator.size)
    values[communicator.rank] = value
    return values
  }

  /// Sums over the ranks. Collective.
  mutating func exchange(_ communicator: Communicator) throws(MPIError) {
    values = try communicator.allReduce(values, .sum)
  }
}
