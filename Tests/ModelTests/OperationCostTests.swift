import Kernels
import Model
import Testing

/// The arithmetic that is counted is the arithmetic that is done.
@Suite struct OperationCostTests {
  private func cost(
    _ config: ModelConfig, sequences: Int, recompute: Bool = false
  ) -> OperationCost {
    var use = DecoderUse(capacity: sequences * config.context, training: true)
    use.recompute = recompute
    return OperationCost(config, use, sequences: sequences, length: config.context)
  }

  /// Not square, and with rows that are no multiple of a chunk of the head.
  private var odd: ModelConfig {
    var config = ModelConfig()
    config.vocabularySize = 301
    config.context = 100
    config.width = 96
    config.layers = 3
    config.heads = 4
    return config
  }

  @Test func thePapersModelTakes0725GigaflopsAToken() {
    let flops = OperationCost.flopsPerToken(ModelConfig(), length: 512)
    // 6 for each parameter but the positions', and attention: biases and norms are in the parameters and in no product.
    let parameters = Double(ParameterTable(ModelConfig()).count - 512 * 768)
    let attention = 6.0 * 12 * 768 * 513
    #expect(abs(flops / (6 * parameters + attention) - 1) < 2e-3)
    #expect(abs(flops / 0.725e9 - 1) < 1e-3)
  }

  @Test(arguments: [1, 7]) func theOperationsAddUpToTheTokensFlops(sequences: Int) {
    for config in [ModelConfig(), odd] {
      let cost = cost(config, sequences: sequences)
      let sum = Operation.allCases.reduce(0) { $0 + cost.flopsWithoutRecomputation($1) }
      let tokens = Double(sequences * config.context)
      let wanted = OperationCost.flopsPerToken(config, length: config.context) * tokens
      #expect(abs(sum / wanted - 1) < 1e-12)
    }
  }

  @Test func forwardBackwardAndWeightOfALayerTakeTheSame() {
    let cost = cost(odd, sequences: 7)
    let products: [[Operation]] = [
      [.attentionInput, .attentionInputBackward, .attentionInputWeight],
      [.mlpOutput, .mlpOutputBackward, .mlpOutputWeight], [.head, .headBackward, .headWeight],
    ]
    for operations in products {
      #expect(Set(operations.map(cost.flops)).count == 1)
    }
    let (layers, rows) = (3, 700)
    #expect(cost.flops(.mlpInput) == Double(layers * 2 * rows * 96 * 384))
    #expect(cost.flops(.head) == Double(2 * rows * 96 * 301))
  }

  @Test func recomputedProductsCountAsWork() {
    let (once, again) = (cost(odd, sequences: 2), cost(odd, sequences: 2, recompute: true))
    // All blocks except the last, and the last one up to its hidden layer.
    for operation in [Operation.attentionInput, .attention, .attentionOutput, .mlpInput] {
      #expect(abs(again.flops(operation) / once.flops(operation) - 5.0 / 3) < 1e-12)
      #expect(again.flopsWithoutRecomputation(operation) == once.flops(operation))
    }
    for operation in [Operation.mlpOutput, .mlpInputBackward, .headWeight, .attentionBackward] {
      #expect(again.flops(operation) == once.flops(operation))
    }
  }

  @Test func everyOperationIsProductsOrTraffic() {
    let cost = cost(odd, sequences: 2)
    for operation in Operation.allCases {
      #expect((cost.flops(operation) > 0) == operation.isProduct, "\(operation)")
      #expect((cost.bytesPerOutput(operation) > 0) == !operation.isProduct, "\(operation)")
    }
  }
}
