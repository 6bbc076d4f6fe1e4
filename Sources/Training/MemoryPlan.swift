import Model

/// The memory of a rank, predicted from the configuration: everything large is taken before the first step.
public struct MemoryPlan: Sendable {
  /// Floats of the model.
  public let parameters: Int
  /// Bytes of weights, gradients and the optimizer's state.
  public let stateBytes: Int
  /// Bytes of activations, logits of a chunk and scratch.
  public let activationBytes: Int

  /// The plan of a run with teams of `threads`.
  public init(_ config: RunConfig, model: ModelConfig, threads: Int) {
    parameters = ParameterTable(model).count
    let floats = parameters * (2 + config.optimizer.stateNames.count)
    stateBytes =
      (floats + ModelState.roundedCount(ParameterTable(model), config.precision))
      * MemoryLayout<Float>.stride
    activationBytes =
      Decoder.activationCount(model, config.decoderUse, threads: threads)
      * MemoryLayout<Float>.stride
  }

  /// Bytes in all, besides the program itself and its libraries.
  public var bytes: Int { stateBytes + activationBytes }

  /// A few lines for people.
  public var description: String {
    """
    parameters        \(grouped(parameters))
    weights, gradients, optimizer  \(gigabytes(stateBytes)) a rank
    activations       \(gigabytes(activationBytes)) a rank
    together          \(gigabytes(bytes)) a rank
    """
  }
}
