import Buffers
import Kernels

/// The linear layer of a task, with its softmax cross-entropy (Radford et al. 2018, eq. 3 and 4; without bias, as there):
///
///     x = (Σ h) ⊙ mask,   z = W x
///
/// with h the final activations of end tokens. The dropout is that of OpenAI's finetune-transformer-lm (train.py): one mask an
/// example, whichever of its alternatives is read.
///
/// All is in fp32 and in a fixed order: the bits of an example depend on its activations alone, not on what else is in the
/// batch, and the weight's gradient adds up the examples in their order.
struct ScoreLayer {
  /// (N, C)
  let weight: Matrix
  /// (R, C) output of the last block
  let hidden: Matrix
  let pass: Pass

  /// The examples, and the columns of the weight, of a tile.
  private static let (tileExamples, tileColumns) = (4, 64)

  private var memory: Activations.Scores {
    pass.activations.scores(sequences: pass.batch.sequences)
  }

  /// Overwrites logits, losses, and the losses' gradients with regard to the logits, of all examples.
  func forward() {
    let memory = memory
    examples { index, example, worker in
      read(example)
      let logits = outputs(example, of: memory.logits)
      logits.fill(Softmax.masked)
      for input in 0..<example.inputs {
        let z = logits[input * weight.rows..<(input + 1) * weight.rows]
        let sequence = example.sequences.lowerBound + input
        VectorMatrixProduct.multiply(memory.inputs[row: sequence], transposed: weight, into: z)
        pass.observe(
          .score, layer: nil, worker: worker, z.matrix(rows: 1, columns: z.count),
          firstRow: row(sequence))
      }
      let dLogits = outputs(example, of: memory.dLogits)
      dLogits.copy(from: logits)
      if example.target.isEmpty {
        dLogits.fill(0)
        memory.losses[index] = 0
      } else {
        memory.losses[index] = CrossEntropy.forwardBackward(
          dLogits, probabilities: example.target)
      }
    }
  }

  /// The gradient of Σ loss / divisor over the examples.
  ///
  /// - Parameter dWeight: (N, C), added to
  func backwardWeight(divisor: Double, addingTo dWeight: Matrix) {
    let memory = memory
    examples { _, example, _ in read(example) }
    pass.team.rows(weight.columns, height: ScoreLayer.tileColumns) { columns, worker in
      let tile = dWeight[columns: columns]
      for example in pass.batch.examples {
        let dLogits = outputs(example, of: memory.dLogits)
        for input in 0..<example.inputs {
          let x = memory.inputs[row: example.sequences.lowerBound + input][columns]
          for output in 0..<weight.rows {
            let slope = dLogits[input * weight.rows + output] * Float(1 / divisor)
            Elementwise.scale(x, by: slope, addingTo: tile[row: output])
          }
        }
      }
      pass.observe(.scoreWeight, layer: nil, worker: worker, tile)
    }
  }

  /// The same gradient.
  ///
  /// - Parameter dHidden: (R, C), added to in the rows of the end tokens
  func backward(divisor: Double, addingTo dHidden: Matrix) {
    let memory = memory
    examples { _, example, worker in
      let dLogits = outputs(example, of: memory.dLogits)
      for input in 0..<example.inputs {
        let dx = memory.inputs[row: example.sequences.lowerBound + input]
        VectorMatrixProduct.multiply(
          dLogits[input * weight.rows..<(input + 1) * weight.rows], weight, into: dx)
        Elementwise.scale(dx, by: Float(1 / divisor), into: dx)
        drop(dx, example)
        for sequence in example.sequences(ofInput: input) {
          let row = row(sequence)
          Elementwise.add(dHidden[row: row], dx, into: dHidden[row: row])
          pass.observe(
            .scoreBackward, layer: nil, worker: worker, dHidden[rows: row..<row + 1], firstRow: row)
        }
      }
    }
  }

  /// Logits of each example of the batch.
  func logits() -> [[Float]] {
    let logits = memory.logits
    return pass.batch.examples.map {
      Array(outputs($0, of: logits).array.prefix($0.inputs * weight.rows))
    }
  }

  /// Overwrites what the layer reads of an example.
  private func read(_ example: BatchExample) {
    let inputs = memory.inputs
    for input in 0..<example.inputs {
      let x = inputs[row: example.sequences.lowerBound + input]
      x.fill(0)
      for sequence in example.sequences(ofInput: input) {
        Elementwise.add(x, hidden[row: row(sequence)], into: x)
      }
      drop(x, example)
    }
  }

  private func drop(_ x: Vector, _ example: BatchExample) {
    pass.classifierDropout.apply(
      x, sample: example.sample, layer: 0, place: .classifier, firstElement: 0, into: x)
  }

  /// The row of the batch with a sequence's end token.
  private func row(_ sequence: Int) -> Int { pass.batch.rows(of: sequence).upperBound - 1 }

  /// The logits of an example, or their gradients, padded for the softmax.
  private func outputs(_ example: BatchExample, of all: Matrix) -> Vector {
    let start = example.sequences.lowerBound * all.columns
    return all.vector[start..<start + Softmax.paddedCount(example.inputs * weight.rows)]
  }

  private func examples(_ body: (_ index: Int, _ example: BatchExample, _ worker: Int) -> Void) {
    let examples = pass.batch.examples
    pass.team.rows(examples.count, height: ScoreLayer.tileExamples) { indices, worker in
      for index in indices { body(index, examples[index], worker) }
    }
  }
}
