import Buffers
import Kernels

/// GPT-1: embeddings, L post-norm blocks and the output tied to the token embedding (Radford et al. 2018, eq. 2), with the memory
/// of its passes. It computes on weights of a `ModelState` and knows no file, no rank and no clock.
public final class Decoder {
  /// The shape.
  public let config: ModelConfig

  /// The tensors of `weights` and of every gradient handed to `backward`.
  public let table: ParameterTable

  /// The most tokens (B·T) that fit a batch.
  public let capacity: Int

  private let state: ModelState
  private let weights: Tensors
  private let team: ThreadTeam
  private let activations: Activations
  private let observer: (any OperationObserver)?
  private var pass: Pass?

  /// - Parameters:
  ///   - state: the weights to compute with
  ///   - capacity: the most tokens (B·T) of a batch
  ///   - training: whether `backward` will be called; without it much less memory is taken
  public init(
    _ state: ModelState, team: ThreadTeam, capacity: Int, training: Bool,
    observer: (any OperationObserver)? = nil
  ) {
    precondition(capacity > 0, "a decoder for \(capacity) tokens")
    self.state = state
    config = state.config
    table = state.table
    self.team = team
    self.capacity = capacity
    self.observer = observer
    weights = Tensors(state.weights, table: table, config: config)
    activations = Activations(
      ActivationLayout(config, rows: capacity, training: training, threads: team.size))
  }

  /// The floats that a decoder takes besides weights, gradients and the optimizer's state.
  public static func activationCount(
    _ config: ModelConfig, capacity: Int, training: Bool, threads: Int
  ) -> Int {
    ActivationLayout(config, rows: capacity, training: training, threads: threads).count
  }

  /// Runs embeddings and blocks; what follows (`losses`, `backward`, `logits`) reads its result.
  ///
  /// - Parameter dropout: with probability 0, none
  public func forward(_ batch: Batch, dropout: Dropout = .none) {
    check(batch)
    let pass = Pass(
      config: config, batch: batch, dropout: dropout, team: team, activations: activations,
      observer: observer)
    self.pass = pass
    let embedded = activations.embedded(rows: pass.rows)
    let blocks = blocks(pass)
    pass.tiles { rows, _ in
      Embedding.forward(
        tokens: batch.tokens, rows: rows, length: batch.length, tokenTable: weights.tokens,
        positionTable: weights.positions, into: embedded[rows: rows])
      pass.observe(.embedding, layer: nil, embedded, rows: rows)
      pass.drop(embedded, rows: rows, layer: 0, place: .embedding, into: embedded)
      blocks[0].projectInput(embedded, rows: rows)
    }
    for (layer, block) in blocks.enumerated() {
      let input = input(of: layer, pass)
      block.attend()
      pass.tiles { rows, _ in
        block.finish(input, rows: rows)
        if layer + 1 < blocks.count {
          blocks[layer + 1].projectInput(block.activations.output, rows: rows)
        }
      }
    }
  }

  /// The loss of every position of the last batch, in nats, (B·T); not weighted.
  public func losses() -> Vector {
    let pass = lastPass()
    let losses = activations.losses(rows: pass.rows)
    OutputHead(weight: weights.tokens, pass: pass).forward(output(pass), into: losses)
    return losses
  }

  /// Backward of Σ weight · loss / divisor over the last batch.
  ///
  /// - Parameters:
  ///   - divisor: what the sum of weighted losses is divided by, in the whole step's batch
  ///   - gradients: the flat vector of `table`, added to
  ///   - ready: called with every range of it that is finished, from its end to its beginning
  /// - Returns: the loss of every position, in nats, (B·T); not weighted
  public func backward(
    divisor: Double, addingTo gradients: Vector, ready: (Range<Int>) -> Void = { _ in }
  ) -> Vector {
    let pass = lastPass()
    let dTensors = Tensors(gradients, table: table, config: config)
    let losses = activations.losses(rows: pass.rows)
    let stream = activations.gradients(rows: pass.rows).stream
    OutputHead(weight: weights.tokens, pass: pass).forwardBackward(
      output(pass), divisor: divisor, into: losses, dy: stream, addingTo: dTensors.tokens)
    for (layer, block) in blocks(pass).enumerated().reversed() {
      block.backward(input(of: layer, pass), gradients: dTensors.blocks[layer])
      ready(table.blockRanges[layer])
    }
    pass.tiles { rows, _ in
      pass.drop(stream, rows: rows, layer: 0, place: .embedding, into: stream)
    }
    team.rows(config.width, height: 64) { columns, _ in
      Embedding.backward(
        dy: stream, tokens: pass.batch.tokens, length: pass.batch.length, columns: columns,
        addingToTokens: dTensors.tokens, addingToPositions: dTensors.positions)
    }
    ready(table.embeddingRange)
    return losses
  }

  /// Overwrites (rows, V) `logits` with those of some rows of the last batch.
  public func logits(rows: Range<Int>, into logits: Matrix) {
    let hidden = output(lastPass())[rows: rows]
    team.rows(config.vocabularySize, height: 1024) { classes, _ in
      MatrixProduct.multiply(
        hidden, weights.tokens[rows: classes], transposeB: true, into: logits[columns: classes])
    }
  }

  private func lastPass() -> Pass {
    guard let pass else { preconditionFailure("no batch has gone forward") }
    return pass
  }

  private func blocks(_ pass: Pass) -> [Block] {
    weights.blocks.enumerated().map { layer, weights in
      Block(
        layer: layer, weights: weights,
        activations: activations.block(layer, rows: pass.rows), pass: pass)
    }
  }

  /// (R, C) the input of a block.
  private func input(of layer: Int, _ pass: Pass) -> Matrix {
    layer == 0
      ? activations.embedded(rows: pass.rows)
      : activations.block(layer - 1, rows: pass.rows).output
  }

  private func output(_ pass: Pass) -> Matrix {
    activations.block(config.layers - 1, rows: pass.rows).output
  }

  private func check(_ batch: Batch) {
    precondition(batch.sequences * batch.length <= capacity, "a batch beyond the capacity")
    precondition(batch.length <= config.context, "sequences beyond the context")
    let ids = 0..<Int32(config.vocabularySize)
    precondition(
      batch.tokens.allSatisfy(ids.contains) && batch.targets.allSatisfy(ids.contains),
      "token ids outside the vocabulary")
  }
}
