import Files
import Kernels

extension Precision {
  /// Throws an error with the remedy if this machine, or the engine that was asked for, does not support the precision.
  ///
  /// - Parameter engine: nil for the automatic choice
  public func requireSupport(by engine: ProductEngine? = nil) throws {
    if let engine, !engine.computes(self) {
      throw UsageError(
        "--engine \(engine.rawValue) computes no products in \(rawValue): leave out --engine, or use --precision "
          + Precision.fp32.rawValue)
    }
    guard !isSupported else { return }
    throw InputError(
      "--precision \(rawValue) needs a CPU with AVX512_BF16 or AMX, which this one lacks: use "
        + "--precision \(Precision.fp32.rawValue), or \(Precision.bf16Emulated.rawValue) to rehearse "
        + "the run's numbers (slowly)")
  }
}
