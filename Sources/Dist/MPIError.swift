import CMPI

/// An MPI operation that returned an error. The communicator it happened on is not usable any more.
public struct MPIError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The operation's name, `MPI_Allreduce` say.
  public let operation: String

  /// The library's words for the error.
  public let reason: String

  /// The error that `code`, an MPI return code, stands for.
  package init(_ operation: String, code: Int32) {
    self.operation = operation
    var length: Int32 = 0
    let capacity = Int(MPI_MAX_ERROR_STRING)
    let text = unsafe [CChar](unsafeUninitializedCapacity: capacity) { buffer, count in
      let status = unsafe MPI_Error_string(code, buffer.baseAddress, &length)
      count = status == MPI_SUCCESS ? Int(length) : 0
    }
    reason =
      text.isEmpty
      ? "error \(code)" : String(decoding: text.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// `MPI_Bcast: MPI_ERR_ROOT: invalid root`
  public var description: String { "\(operation): \(reason)" }
}

/// Calls MPI; the only place where a return code is read.
func check(_ operation: String, _ call: () -> Int32) throws(MPIError) {
  let code = call()
  guard code == MPI_SUCCESS else { throw MPIError(operation, code: code) }
}
