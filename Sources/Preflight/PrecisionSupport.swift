import Files
import Model

extension Precision {
  /// Refuses, with what to do, a precision that this machine does not compute in.
  public func requireSupport() throws {
    guard !isSupported else { return }
    throw InputError(
      "--precision \(rawValue) needs a CPU with AVX512_BF16 or AMX, which this one lacks: use "
        + "--precision \(Precision.fp32.rawValue), or \(Precision.bf16Emulated.rawValue) to rehearse "
        + "the run's numbers (slowly)")
  }
}
