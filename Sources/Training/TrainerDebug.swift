import Files
import Kernels
import Model

extension Trainer {
  /// In debug mode, throws what the passes over `batch` found that was not finite: an operation's output, or a gradient.
  ///
  /// - Parameters:
  ///   - when: the step, or another name for the pass
  ///   - window: the window of the tokens that a sample of the global batch is
  func reportNotFinite(
    _ when: String, _ batch: Batch, checkingGradients: Bool, window: (_ sample: Int) -> Int
  ) throws {
    guard let check else { return }
    let place = "\(when), rank \(communicator.rank)"
    if let finding = check.take() {
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
    guard checkingGradients else { return }
    for parameter in state.table.parameters
    where !Reduction.isFinite(state.gradients[parameter.range]) {
      throw InputError(
        "\(place): NaN or infinity in the gradient of \(parameter.name), samples "
          + batch.samples.map { "\($0)" }.joined(separator: ", ") + " of the batch")
    }
  }
}
