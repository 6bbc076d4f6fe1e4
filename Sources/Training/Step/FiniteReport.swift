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
  /// Throws the first output that was not finite in the passes over `batch`.
  ///
  /// - Parameters:
  ///   - place: the step and rank, or another name for the pass
  ///   - window: the window of the tokens that a sample of the global batch is
  func report(at place: String, _ batch: Batch, window: (_ sample: Int) -> Int) throws {
    guard let finding = take() else { return }
    let sequence = finding.row / batch.length
    let example = batch.examples.first { $0.sequences.contains(sequence) }
    let sample = Int(example?.sample ?? batch.samples[sequence])
    let what =
      example == nil ? "window \(window(sample)) of the tokens" : "example \(window(sample))"
    throw InputError(
      "\(place): \(finding.value) in the output of "
        + (finding.layer.map { "layer \($0), " } ?? "")
        + "operation \(finding.operation.rawValue), sample \(sample) of the batch (\(what)), position \(finding.row % batch.length), column "
        + "\(finding.column)")
  }
}

extension Trainer {
  /// Throws the first tensor of the gradient that is not finite after the passes over `batch`.
  func requireFiniteGradient(at place: String, _ batch: Batch) throws {
    for parameter in state.table.parameters
    where !Reduction.isFinite(state.gradients[parameter.range]) {
      throw InputError(
        "\(place): NaN or infinity in the gradient of \(parameter.name), samples "
          + batch.samples.map { "\($0)" }.joined(separator: ", ") + " of the batch")
    }
  }
}
