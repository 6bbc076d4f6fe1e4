import CMPI

extension MPI {
  /// The library's name and version, `Open MPI v4.1.4` say. It may be asked before `run`.
  public static var libraryVersion: String {
    var length: Int32 = 0
    let capacity = Int(MPI_MAX_LIBRARY_VERSION_STRING)
    let text = unsafe [CChar](unsafeUninitializedCapacity: capacity) { buffer, count in
      let status = unsafe MPI_Get_library_version(buffer.baseAddress, &length)
      count = status == MPI_SUCCESS ? Int(length) : 0
    }
    // "Open MPI v4.1.4, package: Debian OpenMPI, ident: …"; MPICH's has a line for each part.
    let whole = String(decoding: text.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return whole.split(whereSeparator: { $0 == "," || $0.isNewline }).first.map(String.init)
      ?? "an MPI without a name"
  }
}
