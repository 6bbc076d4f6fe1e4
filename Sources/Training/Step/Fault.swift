import Buffers
import Foundation
import Model

/// Faults that a test plants, to check that the run notices them: `KIND:RANK:STEP`, several separated by commas.
public struct Fault: Sendable, Equatable {
  /// The kind of a fault.
  public enum Kind: String, Sendable, CaseIterable {
    /// NaN in the loss and the gradient of the rank's first micro-batch of the step.
    case nan
    /// The loss and the gradient of that micro-batch a thousand times as large.
    case spike
    /// The lowest bit of one weight flipped after the step.
    case flip
    /// The process stopped before the step by SIGSTOP, until SIGCONT: a test can act at a known step, however busy the machine is.
    case stop
  }

  private struct Plant: Equatable {
    let kind: Kind
    let rank, step: Int
  }

  private let plants: [Plant]

  /// The faults that `text` describes; nil if it is malformed.
  public init?(_ text: String) {
    var plants: [Plant] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: ":", omittingEmptySubsequences: false)
      guard words.count == 3, let kind = Kind(rawValue: String(words[0])), let rank = Int(words[1]),
        let step = Int(words[2])
      else { return nil }
      plants.append(Plant(kind: kind, rank: rank, step: step))
    }
    self.plants = plants
  }

  private func has(_ kind: Kind, _ rank: Int, _ step: Int) -> Bool {
    plants.contains(Plant(kind: kind, rank: rank, step: step))
  }

  /// Stops the process before the step, if that fault is planted.
  func strike(rank: Int, before step: Int) {
    if has(.stop, rank, step) { kill(getpid(), SIGSTOP) }
  }

  /// Flips a bit of the weights, if that fault is planted.
  func strike(_ weights: Vector, rank: Int, step: Int) {
    guard has(.flip, rank, step) else { return }
    let middle = weights.count / 2
    weights[middle] = Float(bitPattern: weights[middle].bitPattern ^ 1)
  }

  /// Changes the loss weights of the rank's first micro-batch, if such a fault is planted.
  func strike(_ batch: inout Batch, rank: Int, step: Int) {
    let isNaN = has(.nan, rank, step)
    guard isNaN || has(.spike, rank, step) else { return }
    let weight: Float = isNaN ? .nan : 1_000
    batch.lossWeights = batch.lossWeights.map { $0 * weight }
  }
}
