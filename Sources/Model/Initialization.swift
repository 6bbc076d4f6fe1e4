import Buffers
import Kernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension ParameterTable {
  /// Overwrites `weights` with the beginning of a training run: N(0, σ) or constants.
  ///
  /// Every float is drawn from Philox by its place in the flat vector, so that the result depends on the seed alone.
  public func initialize(_ weights: Vector, config: ModelConfig, seed: UInt64, team: ThreadTeam) {
    precondition(weights.count == count, "a flat vector of another model")
    let generator = Philox(seed: seed)
    for parameter in parameters {
      switch parameter.initialization {
      case .constant(let value): weights[parameter.range].fill(value)
      case .normal:
        team.rows(parameter.range.count, height: Self.pieceCount) { piece, _ in
          for offset in piece {
            let index = parameter.range.lowerBound + offset
            weights[index] = config.initialStandardDeviation * normal(at: index, generator)
          }
        }
      }
    }
  }

  /// A standard normal number by Box and Muller's transform of two words of Philox.
  private func normal(at index: Int, _ generator: Philox) -> Float {
    let counter = SIMD4(
      UInt32(truncatingIfNeeded: index >> 1), UInt32(truncatingIfNeeded: index >> 33), 0, 0)
    let words = generator.words(counter)
    let radius = (-2 * log((Double(words[0]) + 1) / 4_294_967_296)).squareRoot()
    let angle = 2 * Double.pi * Double(words[1]) / 4_294_967_296
    return Float(radius * (index & 1 == 0 ? cos(angle) : sin(angle)))
  }
}
