#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The factor on the learning rate (OpenAI's finetune-transformer-lm, opt.py), read at x = (t − 1)/T.
public enum Schedule: String, Sendable, Codable, CaseIterable {
  /// Linear warm-up, then (1 + cos(πx))/2.
  case cosine
  /// Linear warm-up, then 1 − x.
  case linear
  /// 1 throughout, after the warm-up.
  case constant

  /// The factor of update `update` (t, from 1) of `updates` (T), of which the first `warmUp` warm up.
  public func factor(update: Int, updates: Int, warmUp: Int) -> Double {
    let x = Double(update - 1) / Double(updates)
    if warmUp > 0, update - 1 <= warmUp { return Double(update - 1) / Double(warmUp) }
    switch self {
    case .cosine: return 0.5 * (1 + cos(.pi * x))
    case .linear: return 1 - x
    case .constant: return 1
    }
  }
}
