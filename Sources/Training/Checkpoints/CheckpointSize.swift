import Model

/// The size of a checkpoint; the only place that knows which floats a checkpoint holds.
struct CheckpointSize {
  /// Floats of the weights.
  let parameters: Int
  /// Vectors as long as the weights: the weights themselves and the optimizer's state tensors.
  let vectors: Int

  /// The size for a model of `parameters` floats that `optimizer` trains.
  init(parameters: Int, _ optimizer: OptimizerConfig) {
    (self.parameters, vectors) = (parameters, 1 + optimizer.stateNames.count)
  }

  /// All floats.
  var floats: Int { parameters * vectors }

  /// Bytes of all floats.
  var bytes: Int { floats * MemoryLayout<Float>.stride }

  /// Bytes of the largest file: weights and optimizer state have one each.
  var largestFile: Int { parameters * max(1, vectors - 1) * MemoryLayout<Float>.stride }

  /// Bytes on disk without the tokenizer, with a margin for headers.
  var bytesOnDisk: Int { bytes + bytes / 50 + 1 << 16 }
}
