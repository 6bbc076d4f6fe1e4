import Buffers
import Kernels

/// One tensor of the model: its name in Hugging Face's `openai-gpt`, its shape and its place in the flat vector.
public struct Parameter: Sendable, Equatable {
  /// As in Hugging Face's `OpenAIGPTModel`, `h.0.attn.c_attn.weight` say; `score.weight` as in its
  /// `OpenAIGPTForSequenceClassification`.
  public let name: String

  /// The axes in Hugging Face's order: a weight of a linear layer is (in, out), that of a task's is (out, in).
  public let shape: [Int]

  /// Its floats in the flat vector of weights, gradients or an optimizer's state.
  public let range: Range<Int>

  /// True if weight decay acts on it: on tensors of rank > 1 only (OpenAI's opt.py, `vector_l2=False`).
  public var decays: Bool { shape.count > 1 }

  /// Its initial values.
  public let initialization: Initialization

  /// The beginning of a tensor.
  public enum Initialization: Sendable, Equatable {
    /// N(0, σ) with the configuration's σ.
    case normal
    /// The same value everywhere.
    case constant(Float)
  }
}

/// THE list of the model's tensors. Weights, gradients, optimizers and checkpoints all read it.
///
/// The flat vector holds the embeddings first, then block after block and a task's linear layer last, so that backward finishes
/// adjacent ranges from its end to its beginning.
public struct ParameterTable: Sendable {
  /// All tensors in the order of the flat vector.
  public let parameters: [Parameter]

  /// The floats of token and position embedding.
  public let embeddingRange: Range<Int>

  /// The floats of each block.
  public let blockRanges: [Range<Int>]

  /// Those of each block's second half: `mlp` and `ln_2`, which backward comes to first.
  public let mlpRanges: [Range<Int>]

  /// The floats of the task's linear layer, (N, C); empty where there is none.
  public let scoreRange: Range<Int>

  /// The number of floats in all.
  public let count: Int

  /// Ranges in the order in which a decoder's backward announces them, together everything.
  public func announcedRanges(_ order: AnnouncementOrder) -> [Range<Int>] {
    let score = scoreRange.isEmpty ? [] : [scoreRange]
    switch order {
    case .backToFront:
      return score + blockRanges.reversed() + [embeddingRange]
    case .tableFirst:
      let firstHalf = blockRanges[0].lowerBound..<mlpRanges[0].lowerBound
      return score + [tokenRange] + blockRanges.dropFirst().reversed()
        + [mlpRanges[0], firstHalf, positionRange]
    }
  }

  /// The name of the task's linear layer.
  public static let scoreName = "score.weight"

  /// The floats of the token embedding, (V, C).
  public var tokenRange: Range<Int> { parameters[0].range }

  /// The floats of the position embedding.
  public var positionRange: Range<Int> { parameters[1].range }

  /// The table of a configuration.
  public init(_ config: ModelConfig) {
    var parameters: [Parameter] = []
    var end = 0
    func add(_ name: String, _ shape: [Int], _ initialization: Parameter.Initialization) {
      let size = shape.reduce(1, *)
      parameters.append(
        Parameter(
          name: name, shape: shape, range: end..<end + size, initialization: initialization))
      end += size
    }
    func addLinear(_ name: String, _ inputs: Int, _ outputs: Int) {
      add(name + ".weight", [inputs, outputs], .normal)
      add(name + ".bias", [outputs], .constant(0))
    }
    func addLayerNorm(_ name: String) {
      add(name + ".weight", [config.width], .constant(1))
      add(name + ".bias", [config.width], .constant(0))
    }
    add("tokens_embed.weight", [config.vocabularySize, config.width], .normal)
    add("positions_embed.weight", [config.context, config.width], .normal)
    embeddingRange = 0..<end
    var (blockRanges, mlpRanges): ([Range<Int>], [Range<Int>]) = ([], [])
    for layer in 0..<config.layers {
      let start = end
      addLinear("h.\(layer).attn.c_attn", config.width, 3 * config.width)
      addLinear("h.\(layer).attn.c_proj", config.width, config.width)
      addLayerNorm("h.\(layer).ln_1")
      let middle = end
      addLinear("h.\(layer).mlp.c_fc", config.width, config.innerWidth)
      addLinear("h.\(layer).mlp.c_proj", config.innerWidth, config.width)
      addLayerNorm("h.\(layer).ln_2")
      blockRanges.append(start..<end)
      mlpRanges.append(middle..<end)
    }
    let scoreStart = end
    if config.scores > 0 { add(Self.scoreName, [config.scores, config.width], .normal) }
    scoreRange = scoreStart..<end
    self.parameters = parameters
    self.blockRanges = blockRanges
    self.mlpRanges = mlpRanges
    count = end
  }
}

/// The order in which backward finishes and announces the ranges of a gradient.
public enum AnnouncementOrder: Sendable, CaseIterable {
  /// From its end to its beginning: the task's layer, block after block, the embeddings. For whoever sums after backward.
  case backToFront

  /// The token embedding before the blocks, with the output's part of its gradient alone; the lookup's part, which only backward's end
  /// gives, is handed over as rows. The first block in halves. For whoever sums while backward goes on: the largest tensor is early.
  case tableFirst
}

/// Windows on the tensors of one flat vector, of weights or of gradients.
struct Tensors {
  /// (V, C)
  let tokens: Factor
  /// (context, C)
  let positions: Matrix
  let blocks: [BlockTensors]
  /// (N, C) of the task's linear layer, which is computed in fp32; without rows where there is none
  let score: Matrix

  /// - Parameter rounded: the roundings of all floats, a row of them; nil where products are in fp32, and for gradients
  init(
    _ flat: Vector, rounded: BFloat16Matrix? = nil, table: ParameterTable, config: ModelConfig
  ) {
    precondition(flat.count == table.count, "a flat vector of another model")
    var rest = table.parameters[...]
    func vector() -> Vector { flat[rest.removeFirst().range] }
    func matrix() -> Factor {
      let parameter = rest.removeFirst()
      let (rows, columns) = (parameter.shape[0], parameter.shape[1])
      return Factor(
        flat[parameter.range].matrix(rows: rows, columns: columns),
        rounded: rounded?.matrix(parameter.range, rows: rows, columns: columns))
    }
    func affine() -> Affine { Affine(weight: matrix(), bias: vector()) }
    func norm() -> Norm { Norm(gain: vector(), bias: vector()) }
    tokens = matrix()
    positions = matrix().values
    blocks = (0..<config.layers).map { _ in
      BlockTensors(
        attention: affine(), attentionOutput: affine(), norm1: norm(), mlpInput: affine(),
        mlpOutput: affine(), norm2: norm())
    }
    score = flat[table.scoreRange].matrix(rows: config.scores, columns: config.width)
  }

  /// A linear layer's (in, out) weight and (out) bias.
  struct Affine {
    let weight: Factor
    let bias: Vector
  }

  /// A layer norm's (C) gain and bias.
  struct Norm {
    let gain: Vector
    let bias: Vector
  }
}

/// The tensors of one block: `n = LN₁(x + attn(x)); y = LN₂(n + mlp(n))`.
struct BlockTensors {
  /// `attn.c_attn`, (C, 3C): queries, keys and values side by side.
  let attention: Tensors.Affine
  /// `attn.c_proj`, (C, C)
  let attentionOutput: Tensors.Affine
  /// `ln_1`
  let norm1: Tensors.Norm
  /// `mlp.c_fc`, (C, 4C)
  let mlpInput: Tensors.Affine
  /// `mlp.c_proj`, (4C, C)
  let mlpOutput: Tensors.Affine
  /// `ln_2`
  let norm2: Tensors.Norm
}
