import Data
import Dist
import Files
import Inference
import Kernels
import Model
import Preflight
import Profiling
import Tokenization

extension FiniteCheck {
  /// Throws an error that names the first output that was not finite in the passes over `batch`.
  ///
  /// - Parameters:
  ///   - place: the step and rank, or another name for the pass
  ///   - window: the number in the data of the sequence or example at a place of the global batch
  func report(at place: String, _ batch: Batch, window: (_ sample: Int) -> Int) throws {
    guard let finding = take() else { return }
    let (sequence, position) = batch.place(ofRow: finding.row)
    let example = batch.examples.first { $0.sequences.contains(sequence) }
    let sample = Int(example?.sample ?? batch.samples[sequence])
    let what = example == nil ? "sequence" : "example"
    throw InputError(
      "\(place): \(finding.value) in the output of "
        + (finding.layer.map { "layer \($0), " } ?? "")
        + "operation \(finding.operation.rawValue), \(what) \(sample) of the batch (\(what) \(window(sample)) of the data), "
        + "position \(position), column \(finding.column)")
  }
}

extension Trainer {
  /// Throws an error that names the first tensor of the gradient that is not finite after the passes over `batch`.
  func requireFiniteGradient(at place: String, _ batch: Batch) throws {
    for parameter in state.table.parameters
    where !Reduction.isFinite(state.gradients[parameter.range]) {
      throw InputError(
        "\(place): NaN or infinity in the gradient of \(parameter.name), sequences "
          + batch.samples.map { "\($0)" }.joined(separator: ", ") + " of the batch")
    }
  }
}
