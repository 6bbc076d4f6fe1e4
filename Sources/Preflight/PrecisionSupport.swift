import Files
import Kernels

extension Precision {
  /// Throws an error with the remedy if this machine does not support the precision.
  public func requireSupport() throws {
    guard !isSupported else { return }
    throw InputError(
      "--precision \(rawValue) needs a CPU with AVX512_BF16 or AMX, which this one lacks: use "
        + "--precision \(Precision.fp32.rawValue), or \(Precision.bf16Emulated.rawValue) to rehearse "
        + "the run's numbers (slowly)")
  }
}
