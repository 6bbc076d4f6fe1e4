import Kernels

/// The arithmetic and the memory traffic of a training step's operations, from the shape of the model alone.
public struct OperationCost: Sendable {
  private let config: ModelConfig
  private var use: DecoderUse
  private let sequences: Int
  private let length: Int
  private let optimizer: OptimizerConfig

  /// The costs of a micro-batch of `sequences` sequences of `length` tokens.
  ///
  /// - Parameter optimizer: the one whose memory traffic is counted
  public init(
    _ config: ModelConfig, _ use: DecoderUse, sequences: Int, length: Int,
    optimizer: OptimizerConfig = .adamW(AdamW())
  ) {
    self.optimizer = optimizer
    self.config = config
    self.use = use
    self.sequences = sequences
    self.length = length
  }

  /// R
  private var rows: Int { sequences * length }

  /// FLOPs that training takes for each token, whatever a program recomputes: 6 for every weight of a matrix product (the
  /// token embedding is one, as the head) and the causal half of attention.
  ///
  ///     6 (12 L C² + V C) + 6 L C (T + 1)
  public static func flopsPerToken(_ config: ModelConfig, length: Int) -> Double {
    let (layers, width) = (Double(config.layers), Double(config.width))
    let weights = 12 * layers * width * width + Double(config.vocabularySize) * width
    return 6 * weights + 6 * layers * width * Double(length + 1)
  }

  /// FLOPs of an operation's matrix products, recomputed ones included, in one micro-batch of R = B·T rows, forward and backward; 0 if there are none.
  public func flops(_ operation: Operation) -> Double {
    // Per layer and product of attention: 2 D for every pair of a query and a key not after it, in every head of every sequence.
    let triangle = Double(sequences * config.width) * Double(length * (length + 1))
    let layers = Double(config.layers)
    switch operation {
    case .attention: return 2 * triangle * passes
    // Four products, and the scores again.
    case .attentionBackward: return 5 * triangle * layers
    default:
      // Backward computes again what its block keeps nothing of, which ends before the MLP's output.
      let again: Set<Operation> = [.attentionInput, .attentionOutput, .mlpInput]
      let factor = again.contains(operation) ? passes / layers : 1
      return factor
        * products.lazy.filter { $0.operation == operation }
        .reduce(0) { $0 + $1.flops * Double($1.count) }
    }
  }

  /// FLOPs of an operation that training asks for: what is recomputed is not counted.
  public func flopsWithoutRecomputation(_ operation: Operation) -> Double {
    var once = self
    once.use.recompute = false
    return operation == .attentionBackward
      ? once.flops(operation) * 4 / 5 : once.flops(operation)
  }

  /// Times that the blocks' forward operations run: L, and again all but the last where activations are recomputed.
  private var passes: Double { Double(config.layers + (use.recompute ? config.layers - 1 : 0)) }

  /// Bytes that an operation without products reads and writes at least for each float of the output that it tells observers
  /// of, each window counted once; 0 for products.
  public func bytesPerOutput(_ operation: Operation) -> Double {
    /// The rounding that goes with a factor's float.
    let rounded: Double = use.precision.rounds ? 2 : 0
    switch operation {
    case .embedding: return 8 + rounded
    // The product's output and the residual in; their sum and the norm out.
    case .norm1: return 16 + rounded
    case .norm2:
      // Again from the sum, for the blocks whose output is the input of one that is recomputed.
      let again = use.recompute ? Double(max(0, config.layers - 2)) : 0
      let layers = Double(config.layers)
      return (16 * layers + 8 * again) / (layers + again) + rounded
    case .crossEntropy: return (8 + rounded) * Double(config.vocabularySize)
    // For each logit a row of the weight and the activation.
    case .score: return 8 * Double(config.width)
    // For each float of the activation's gradient, in and out, a column of the weight.
    case .scoreBackward: return 8 + 4 * Double(config.scores)
    // The gradient in and out, and the activation in.
    case .scoreWeight: return 12
    // The gradient and the norm's input in; the gradient and the branch's out.
    case .norm1Backward, .norm2Backward: return 16 + rounded
    // Dropout in place; then the gradient in, and the tables' rows in and out.
    case .embeddingBackward: return (8 + 12) / 2
    case .normWeights, .gradientZero, .gradientNorm: return 4
    case .optimizer: return Double(optimizer.bytesPerParameter)
    case .rounding: return 6
    default: return 0
    }
  }

  /// The matrix products of a micro-batch except attention's, uncut and as often as they occur; recomputed products are not counted.
  public var products: [ProductShape] {
    let (width, inner) = (config.width, config.innerWidth)
    let linear: [(forward: Operation, backward: Operation, weight: Operation, Int, Int)] = [
      (.attentionInput, .attentionInputBackward, .attentionInputWeight, width, 3 * width),
      (.attentionOutput, .attentionOutputBackward, .attentionOutputWeight, width, width),
      (.mlpInput, .mlpInputBackward, .mlpInputWeight, width, inner),
      (.mlpOutput, .mlpOutputBackward, .mlpOutputWeight, inner, width),
    ]
    return linear.flatMap { layer in
      let (inputs, outputs, count) = (layer.3, layer.4, config.layers)
      return [
        ProductShape(layer.forward, rows, outputs, inner: inputs, count: count),
        ProductShape(
          layer.backward, rows, inputs, inner: outputs, transposeB: true, count: count),
        ProductShape(
          layer.weight, inputs, outputs, inner: rows, transposeA: true, adds: true, count: count),
      ]
    } + head
  }

  /// The head's, chunk by chunk of rows.
  private var head: [ProductShape] {
    let (width, ids) = (config.width, config.vocabularySize)
    let size = OutputHead.chunkRows(config)
    let (whole, rest) = rows.quotientAndRemainder(dividingBy: size)
    return [(size, whole), (rest, rest > 0 ? 1 : 0)].flatMap { rows, count in
      count == 0
        ? []
        : [
          ProductShape(.head, rows, ids, inner: width, transposeB: true, count: count),
          ProductShape(.headBackward, rows, width, inner: ids, count: count),
          ProductShape(
            .headWeight, ids, width, inner: rows, transposeA: true, adds: true, count: count),
        ]
    }
  }
}

/// A matrix product by its shape: C (M, N) = op(A) op(B), with K summed over.
public struct ProductShape: Sendable, Hashable {
  /// The operation that the product is part of.
  public let operation: Operation
  /// M
  public let rows: Int
  /// N
  public let columns: Int
  /// K
  public let inner: Int
  /// True if A is stored as (K, M).
  public let transposeA: Bool
  /// True if B is stored as (N, K).
  public let transposeB: Bool
  /// True if the product is added to C.
  public let adds: Bool
  /// The number of such products in a micro-batch.
  public let count: Int

  /// 2 M N K
  public var flops: Double { 2 * Double(rows) * Double(columns) * Double(inner) }

  fileprivate init(
    _ operation: Operation, _ rows: Int, _ columns: Int, inner: Int, transposeA: Bool = false,
    transposeB: Bool = false, adds: Bool = false, count: Int
  ) {
    self.operation = operation
    self.rows = rows
    self.columns = columns
    self.inner = inner
    self.transposeA = transposeA
    self.transposeB = transposeB
    self.adds = adds
    self.count = count
  }
}
