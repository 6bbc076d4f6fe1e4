import Buffers
import CMPI

/// Floats on their way between this rank and another.
struct Message {
  /// The other rank.
  let rank: Int
  let values: Vector
}

extension Communicator {
  /// Messages under way; their memory is not touched before `wait` has returned.
  @safe struct Pending: ~Copyable {
    fileprivate let communicator: Communicator
    fileprivate var requests: [MPI_Request?]

    /// Returns when all messages have arrived or left.
    consuming func wait() throws(MPIError) {
      let count = unsafe count(requests.count)
      try communicator.check("MPI_Waitall") {
        unsafe MPI_Waitall(count, &requests, cmpi_statuses_ignore())
      }
    }
  }

  /// Begins to send and to receive; messages between two ranks arrive in the order in which both name them. MPI 3.1 §3.7.
  func begin(sending: [Message], receiving: [Message]) throws(MPIError) -> Pending {
    var pending = unsafe Pending(communicator: self, requests: [])
    for message in receiving where message.values.count > 0 {
      var request: MPI_Request?
      try check("MPI_Irecv") {
        unsafe MPI_Irecv(
          message.values.base, count(message.values.count), cmpi_float(), count(message.rank), 0,
          world, &request)
      }
      unsafe pending.requests.append(request)
    }
    for message in sending where message.values.count > 0 {
      var request: MPI_Request?
      try check("MPI_Isend") {
        unsafe MPI_Isend(
          message.values.base, count(message.values.count), cmpi_float(), count(message.rank), 0,
          world, &request)
      }
      unsafe pending.requests.append(request)
    }
    return pending
  }
}
