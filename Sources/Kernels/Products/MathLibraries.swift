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

  /// The CPU type whose kernels OpenBLAS chose, such as `Haswell`.
  public static var openBLASKernels: String {
    unsafe openblas_get_corename().map { unsafe String(cString: $0) } ?? "?"
  }

  /// oneDNN's version.
  public static var oneDNNVersion: String {
    guard let version = unsafe dnnl_version() else { return "?" }
    return unsafe "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.patch)"
  }

  /// The widest instructions that oneDNN uses here: those of the CPU, unless ONEDNN_MAX_CPU_ISA forbids some.
  public static var oneDNNInstructions: String {
    let found = dnnl_get_effective_cpu_isa()
    let names = [
      dnnl_cpu_isa_sse41: "SSE41", dnnl_cpu_isa_avx: "AVX", dnnl_cpu_isa_avx2: "AVX2",
      dnnl_cpu_isa_avx2_vnni: "AVX2_VNNI", dnnl_cpu_isa_avx512_core: "AVX512_CORE",
      dnnl_cpu_isa_avx512_core_vnni: "AVX512_CORE_VNNI",
      dnnl_cpu_isa_avx512_core_bf16: "AVX512_CORE_BF16",
      dnnl_cpu_isa_avx512_core_amx: "AVX512_CORE_AMX",
    ].reduce(into: [:]) { $0[$1.key.rawValue] = $1.value }
    return names[found.rawValue] ?? "0x" + String(found.rawValue, radix: 16)
  }
}
