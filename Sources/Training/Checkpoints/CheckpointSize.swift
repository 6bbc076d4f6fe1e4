import Model

/// How large a checkpoint is: the one place that knows which floats it holds.
struct CheckpointSize {
  /// Floats of the weights.
  let parameters: Int
  /// Vectors as long as the weights: themselves, and the optimizer's state tensors.
  let vectors: Int

  /// Of a model of `parameters` floats that `optimizer` trains.
  init(parameters: Int, _ optimizer: OptimizerConfig) {
    (self.parameters, vectors) = (parameters, 1 + optimizer.stateNames.count)
  }

  /// All floats.
  var floats: Int { parameters * vectors }

  /// Bytes of all floats.
  var bytes: Int { floats * MemoryLayout<Float>.stride }

  /// Bytes of the largest file: weights and optimizer state have one each.
  var largestFile: Int { parameters * max(1, vectors - 1) * MemoryLayout<Float>.stride }

  /// Bytes that it takes on the disk beside its tokenizer, with something to spare for headers.
  var bytesOnDisk: Int { bytes + bytes / 50 + 1 << 16 }
}
