import Dist

/// The numbers that the ranks exchange in every step, by field, summed over the ranks in one small all-reduce.
///
/// A field with a value per rank has one place per rank; each rank sets its own place and leaves zeros in the others.
struct StepSums {
  enum Field: Hashable {
    /// Σ of the losses of every micro-batch, from the rank that computed it.
    case losses
    /// Σ of the task's own losses, in fine-tuning.
    case taskLosses
    /// The number of ranks that were asked to stop.
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

  /// `value` at this rank's place, zeros at the places of the others.
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
