import Buffers
import Kernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// GPT-1: embeddings, L post-norm blocks and the output tied to the token embedding (Radford et al. 2018, eq. 2), with the memory
/// of its passes. It computes on weights of a `ModelState` and knows no file, no rank and no clock.
public final class Decoder {
  /// The shape.
  public let config: ModelConfig

  /// The tensors of `weights` and of every gradient handed to `backward`.
  public let table: ParameterTable

  private let use: DecoderUse
  private let state: ModelState
  private let weights: Tensors
  private let team: ThreadTeam
  private let activations: Activations
  private let products: [any MatrixProducts]
  private var pass: Pass?

  /// - Parameters:
  ///   - state: the weights to compute with, in the same precision
  ///   - use: what the decoder is made for
  public init(_ state: ModelState, team: ThreadTeam, use: DecoderUse) {
    precondition(use.capacity > 0, "a decoder for \(use.capacity) tokens")
    precondition(
      use.precision == state.precision, "a decoder of another precision than its weights")
    self.state = state
    self.use = use
    config = state.config
    table = state.table
    self.team = team
    weights = state.tensors
    products = use.products(workers: team.size)
    activations = Activations(ActivationLayout(config, use, threads: team.size), team: team)
  }

  /// A decoder in the precision of its weights that keeps all activations.
  ///
  /// - Parameters:
  ///   - capacity: the most tokens (R) of a batch
  ///   - training: whether `backward` will be called; without it much less memory is taken
  public convenience init(_ state: ModelState, team: ThreadTeam, capacity: Int, training: Bool) {
    var use = DecoderUse(capacity: capacity, training: training)
    use.precision = state.precision
    self.init(state, team: team, use: use)
  }

  /// The most tokens (R) that fit a batch.
  public var capacity: Int { use.capacity }

  /// The floats that a decoder takes besides weights, gradients and the optimizer's state.
  public static func activationCount(_ config: ModelConfig, _ use: DecoderUse, threads: Int) -> Int
  {
    ActivationLayout(config, use, threads: threads).count
  }

  /// Runs embeddings and blocks, and the task's linear layer where the batch has examples; what follows (`losses`, `backward`,
  /// `logits` and those of examples) reads its result.
  ///
  /// - Parameters:
  ///   - dropout: with probability 0, none
  ///   - classifierDropout: the probability of that before the task's linear layer, under the key of `dropout`
  public func forward(
    _ batch: Batch, dropout: Dropout = .none, classifierDropout: Float = 0
  ) {
    check(batch)
    let pass = Pass(
      config: config, batch: batch, dropout: dropout,
      classifierDropout: Dropout(
        probability: classifierDropout, seed: dropout.seed, step: dropout.step),
      team: team, activations: activations, products: products, tileRows: use.productRows)
    self.pass = pass
    let embedded = activations.stream(0, rows: pass.rows)
    pass.rowTiles { rows, worker in
      let tile = embedded.values[rows: rows]
      Embedding.forward(
        tokens: batch.tokens, positions: batch.positions, rows: rows,
        tokenTable: weights.tokens.values, positionTable: weights.positions, into: tile)
      for row in rows {
        let x = embedded.values[row: row]
        pass.drop(x, row: row, layer: 0, place: .embedding, into: x)
      }
      embedded[rows: rows].round()
      pass.observe(.embedding, layer: nil, worker: worker, tile, firstRow: rows.lowerBound)
    }
    for layer in 0..<config.layers { block(layer, pass).forward() }
    if !batch.examples.isEmpty { scoreLayer(pass).forward() }
  }

  /// The loss of every position of the last batch, in nats, (R); not weighted.
  public func losses() -> Vector {
    let pass = lastPass()
    let losses = activations.losses(rows: pass.rows)
    OutputHead(weight: weights.tokens, pass: pass).forward(output(pass), into: losses)
    return losses
  }

  /// The loss of each example of the last batch, in nats, (examples): the cross-entropy with what is to be learned, 0 where that is
  /// unknown. Valid until the next batch.
  public var exampleLosses: Vector {
    let batch = lastPass().batch
    return activations.scores(sequences: batch.sequences).losses[0..<batch.examples.count]
  }

  /// Logits of the last batch: for each example, the output of the task's linear layer for each class or alternative.
  public func exampleLogits() -> [[Float]] {
    let pass = lastPass()
    return pass.batch.examples.isEmpty ? [] : scoreLayer(pass).logits()
  }

  /// Probabilities of the last batch: for each example, one for each class or alternative.
  public func exampleProbabilities() -> [[Double]] {
    exampleLogits().map { logits in
      let maximum = Double(logits.max() ?? 0)
      let weights = logits.map { exp(Double($0) - maximum) }
      let sum = weights.reduce(0, +)
      return weights.map { $0 / sum }
    }
  }

  /// Backward of Σ weight · loss / divisor over the positions of the last batch, plus Σ loss / divisor over its examples.
  ///
  /// - Parameters:
  ///   - divisor: what the sum of losses is divided by: targets of the whole step's batch, or its examples
  ///   - gradients: the flat vector of `table`, added to
  ///   - order: in which ranges of it are finished and announced
  ///   - ready: called with every range of it that is finished
  ///   - lateRows: in the order `tableFirst`, called last with the lookup's part of the token embedding's gradient, which is not in
  ///     `gradients`: the batch's distinct tokens and (tokens, C) rows, valid until the next pass
  /// - Returns: the loss of every position, in nats, (R); not weighted. Zeros where no position counts. Those of the examples are
  ///   `exampleLosses`
  public func backward(
    divisor: Double, addingTo gradients: Vector, order: AnnouncementOrder = .backToFront,
    ready: (Range<Int>) -> Void = { _ in },
    lateRows: (_ tokens: [Int32], _ rows: Vector) -> Void = { _, _ in }
  ) -> Vector {
    precondition(use.training, "backward of a decoder that is not for training")
    let pass = lastPass()
    let dTensors = Tensors(gradients, table: table, config: config)
    let losses = activations.losses(rows: pass.rows)
    let stream = activations.gradients(rows: pass.rows).stream
    let score = pass.batch.examples.isEmpty ? nil : scoreLayer(pass)
    score?.backwardWeight(divisor: divisor, addingTo: dTensors.score)
    if !table.scoreRange.isEmpty { ready(table.scoreRange) }
    if pass.batch.predictsTokens {
      OutputHead(weight: weights.tokens, pass: pass).forwardBackward(
        output(pass), divisor: divisor, into: losses, dy: stream,
        addingTo: dTensors.tokens.values)
    } else {
      losses.fill(0)
      pass.rowTiles { rows, worker in
        stream[rows: rows].fill(0)
        pass.observe(.gradientZero, layer: nil, worker: worker, stream[rows: rows])
      }
    }
    score?.backward(divisor: divisor, addingTo: stream)
    if order == .tableFirst { ready(table.tokenRange) }
    for layer in (0..<config.layers).reversed() {
      // The last block's activations are still those of the forward pass.
      if use.recompute, layer < config.layers - 1 { recompute(layer, pass) }
      let block = block(layer, pass)
      // A reducer that works during backward has nothing to hide behind after the first block, so that block is announced in halves.
      if layer == 0, order == .tableFirst {
        let (all, mlp) = (table.blockRanges[0], table.mlpRanges[0])
        block.backward(gradients: dTensors.blocks[0], inHalves: true) { ready(mlp) }
        ready(all.lowerBound..<mlp.lowerBound)
      } else {
        block.backward(gradients: dTensors.blocks[layer])
        ready(table.blockRanges[layer])
      }
    }
    let embedding = EmbeddingBackward(pass: pass, dPositions: dTensors.positions)
    switch order {
    case .backToFront:
      embedding.into(dTensors.tokens.values)
      ready(table.embeddingRange)
    case .tableFirst:
      let (tokens, rows) = embedding.apart()
      ready(table.positionRange)
      lateRows(tokens, rows)
    }
    return losses
  }

  /// The activations that backward reads of a block, from the sum before the norm that made its input.
  private func recompute(_ layer: Int, _ pass: Pass) {
    if layer > 0 { block(layer - 1, pass).normalise2() }
    block(layer, pass).forwardToMLP()
  }

  /// Overwrites (rows, V) `logits` with those of some rows of the last batch.
  public func logits(rows: Range<Int>, into logits: Matrix) {
    let hidden = output(lastPass())[rows: rows]
    team.rows(config.vocabularySize, height: 1024) { classes, worker in
      lastPass().products[worker].multiply(
        hidden, weights.tokens[rows: classes], transposeB: true, into: logits[columns: classes])
    }
  }

  private func lastPass() -> Pass {
    guard let pass else { preconditionFailure("no batch has gone forward") }
    return pass
  }

  private func block(_ layer: Int, _ pass: Pass) -> Block {
    Block(
      layer: layer, weights: weights.blocks[layer],
      tape: activations.block(layer, rows: pass.rows), pass: pass)
  }

  private func scoreLayer(_ pass: Pass) -> ScoreLayer {
    ScoreLayer(weight: weights.score, hidden: output(pass).values, pass: pass)
  }

  /// (R, C) the last block's.
  private func output(_ pass: Pass) -> Factor {
    activations.stream(config.layers, rows: pass.rows)
  }

  private func check(_ batch: Batch) {
    precondition(batch.rows <= capacity, "a batch beyond the capacity")
    precondition(batch.longest <= config.context, "sequences beyond the context")
    let ids = 0..<Int32(config.vocabularySize)
    precondition(
      batch.tokens.allSatisfy(ids.contains) && batch.targets.allSatisfy(ids.contains),
      "token ids outside the vocabulary")
    let problem = batch.exampleProblem(scores: config.scores)
    precondition(problem == nil, problem ?? "")
  }
}
