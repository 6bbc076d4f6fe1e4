import Buffers
import Kernels

/// The format in which generation reads weights. Activations, keys, values and sums are in fp32 with either.
public enum WeightPrecision: String, Sendable, Codable, CaseIterable {
  /// The model's own floats.
  case fp32
  /// Matrices rounded to bf16, half as many bytes, on any CPU; biases and the gains of norms stay in fp32.
  case bf16
}

/// The weights of a model as generation reads them.
///
/// In fp32 they are the model's. In bf16 they are a copy, rounded once to the nearest and halfway cases to even; the model's own are not
/// needed after that.
final class DecodingWeights {
  let config: ModelConfig
  let tensors: DecodingTensors
  /// Own the floats that `tensors` has windows on.
  private let state: ModelState?
  private let copies: FloatBuffer

  init(_ state: ModelState, _ precision: WeightPrecision, team: ThreadTeam) {
    config = state.config
    copies = FloatBuffer(DecodingWeights.count(state.table, precision))
    self.state = precision == .fp32 ? state : nil
    let copies = copies.vector
    var end = 0
    func take(_ floats: Int) -> Vector {
      defer { end += (floats + 15) & ~15 }
      return copies[end..<end + floats]
    }
    tensors = DecodingTensors(state.tensors) { matrix in
      guard precision == .bf16 else { return .fp32(matrix) }
      let rounded = take((matrix.rows * matrix.columns + 1) / 2)
        .brainFloats(rows: matrix.rows, columns: matrix.columns)
      team.rows(matrix.rows, height: 256) { rows, _ in
        for row in rows { rounded.round(matrix[row: row], row: row) }
      }
      return .bf16(rounded)
    } vector: { vector in
      guard precision == .bf16 else { return vector }
      let copy = take(vector.count)
      copy.copy(from: vector)
      return copy
    }
  }

  /// Floats that are taken besides the model's.
  static func count(_ table: ParameterTable, _ precision: WeightPrecision) -> Int {
    guard precision == .bf16 else { return 0 }
    return table.parameters.reduce(0) { sum, parameter in
      let size = parameter.range.count
      return sum + ((parameter.shape.count > 1 ? (size + 1) / 2 : size) + 15) & ~15
    }
  }
}

/// `Tensors` for generation.
struct DecodingTensors {
  /// (V, C)
  let tokens: DecodingMatrix
  /// (context, C)
  let positions: DecodingMatrix
  let blocks: [Block]

  struct Block {
    let attention, attentionOutput, mlpInput, mlpOutput: Affine
    let norm1, norm2: Tensors.Norm
  }

  struct Affine {
    /// (in, out)
    let weight: DecodingMatrix
    /// (out)
    let bias: Vector
  }

  /// The tensors of a model, each through one of the closures.
  init(
    _ tensors: Tensors, matrix: (Matrix) -> DecodingMatrix, vector: (Vector) -> Vector
  ) {
    func affine(_ affine: Tensors.Affine) -> Affine {
      Affine(weight: matrix(affine.weight.values), bias: vector(affine.bias))
    }
    func norm(_ norm: Tensors.Norm) -> Tensors.Norm {
      Tensors.Norm(gain: vector(norm.gain), bias: vector(norm.bias))
    }
    tokens = matrix(tensors.tokens.values)
    positions = matrix(tensors.positions)
    blocks = tensors.blocks.map {
      Block(
        attention: affine($0.attention), attentionOutput: affine($0.attentionOutput),
        mlpInput: affine($0.mlpInput), mlpOutput: affine($0.mlpOutput),
        norm1: norm($0.norm1), norm2: norm($0.norm2))
    }
  }
}

/// A matrix of weights in one of two formats.
enum DecodingMatrix {
  case fp32(Matrix)
  case bf16(BFloat16Matrix)

  /// The window on some of the rows.
  subscript(rows range: Range<Int>) -> DecodingMatrix {
    switch self {
    case .fp32(let matrix): .fp32(matrix[rows: range])
    case .bf16(let matrix): .bf16(matrix[rows: range])
    }
  }

  /// The window on some of the columns.
  subscript(columns range: Range<Int>) -> DecodingMatrix {
    switch self {
    case .fp32(let matrix): .fp32(matrix[columns: range])
    case .bf16(let matrix): .bf16(matrix[columns: range])
    }
  }

  /// y = x W, with few rows
  func multiply(_ x: Matrix, into y: Matrix) {
    switch self {
    case .fp32(let matrix): VectorMatrixProduct.multiply(x, matrix, into: y)
    case .bf16(let matrix): VectorMatrixProduct.multiply(x, matrix, into: y)
    }
  }

  /// y = x Wᵀ, with few rows
  func multiplyTransposed(_ x: Matrix, into y: Matrix) {
    switch self {
    case .fp32(let matrix): VectorMatrixProduct.multiply(x, transposed: matrix, into: y)
    case .bf16(let matrix): VectorMatrixProduct.multiply(x, transposed: matrix, into: y)
    }
  }

  /// Overwrites `target` with a row.
  func copy(row: Int, into target: Vector) {
    switch self {
    case .fp32(let matrix): target.copy(from: matrix[row: row])
    case .bf16(let matrix): matrix.widen(row: row, into: target)
    }
  }

  /// The matrix in fp32: itself, or its values in `scratch`, (rows · columns) or more.
  func values(in scratch: Vector) -> Matrix {
    switch self {
    case .fp32(let matrix): return matrix
    case .bf16(let matrix):
      let values = scratch[0..<matrix.rows * matrix.columns]
        .matrix(rows: matrix.rows, columns: matrix.columns)
      for row in 0..<matrix.rows { matrix.widen(row: row, into: values[row: row]) }
      return values
    }
  }
}
