import COneDNN
import COpenBLAS

/// The libraries that compute matrix products, as they say of themselves.
public enum MathLibraries {
  /// OpenBLAS's version, `0.3.21` say.
  public static var openBLASVersion: String {
    // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …"
    let words = unsafe openblas_get_config().map { unsafe String(cString: $0) } ?? ""
    return words.split(separator: " ").dropFirst().first.map(String.init) ?? "?"
  }

  /// The processor whose kernels OpenBLAS chose, `Haswell` say.
  public static var openBLASKernels: String {
    unsafe openblas_get_corename().map { unsafe String(cString: $0) } ?? "?"
  }

  /// oneDNN's version.
  public static var oneDNNVersion: String {
    guard let version = unsafe dnnl_version() else { return "?" }
    return unsafe "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.patch)"
  }
}
