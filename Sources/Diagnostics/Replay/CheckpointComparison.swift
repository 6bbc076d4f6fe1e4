import Buffers
import Files
import Model
import Storage
import Training

/// Compares a checkpoint's floats with the recomputed ones.
struct CheckpointComparison {
  /// A sentence for every tensor that differs, or cannot be read.
  private(set) var floats: [String] = []
  /// A sentence for every damaged file.
  let files: [String]
  /// The largest |recomputed − recorded| of a weight.
  private(set) var largestDeviation = 0.0

  /// Reads the checkpoint in `folder`, tensor by tensor.
  ///
  /// - Parameters:
  ///   - optimizer: the tensors of the optimizer's state; empty to compare only the weights
  init(_ folder: String, _ state: ModelState, optimizer: [NamedTensor]) {
    files = SumsFile.verify(folder).map(\.description)
    let scratch = FloatBuffer(state.table.parameters.map(\.range.count).max() ?? 0)
    compare(
      state.table.savedTensors(of: state.weights), with: "\(folder)/\(ModelFolder.weightsName)",
      scratch,
      areWeights: true)
    compare(
      optimizer, with: "\(folder)/\(TrainerState.optimizerName)", scratch, areWeights: false)
  }

  private mutating func compare(
    _ tensors: [NamedTensor], with path: String, _ scratch: borrowing FloatBuffer, areWeights: Bool
  ) {
    do {
      let file = try SafetensorsFile(path)
      for tensor in tensors {
        let recorded = scratch[0..<tensor.values.count]
        try file.read(tensor.name, into: recorded, expecting: tensor.shape)
        compare(tensor, recorded, in: path, areWeights: areWeights)
      }
    } catch { floats.append("\(error)") }
  }

  private mutating func compare(
    _ tensor: NamedTensor, _ recorded: Vector, in path: String, areWeights: Bool
  ) {
    var (first, count) = (Int?.none, 0)
    for index in 0..<recorded.count
    where recorded[index].bitPattern != tensor.values[index].bitPattern {
      first = first ?? index
      count += 1
      if areWeights {
        let distance = Double(abs(recorded[index] - tensor.values[index]))
        largestDeviation = distance.isNaN ? .infinity : max(largestDeviation, distance)
      }
    }
    guard let first else { return }
    let place = CheckpointComparison.place(first, in: tensor.shape)
      .map(String.init).joined(separator: ", ")
    floats.append(
      "\(path): \(tensor.name)[\(place)] was \(recorded[first]) and is \(tensor.values[first]) now, "
        + "the first of \(count) different floats of \(recorded.count) in this tensor")
  }

  /// The index along every axis of the float at `index` of a row-major tensor.
  static func place(_ index: Int, in shape: [Int]) -> [Int] {
    var rest = index
    return shape.reversed().map { length in
      defer { rest /= length }
      return rest % length
    }.reversed()
  }
}
