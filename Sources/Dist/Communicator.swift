import Buffers
import CMPI
import Console
import Files

/// The operations that combine values of several ranks.
public enum Reduction: Sendable, CaseIterable {
  case sum, min, max

  package var operation: MPI_Op {
    switch self {
    case .sum: unsafe cmpi_sum()
    case .min: unsafe cmpi_min()
    case .max: unsafe cmpi_max()
    }
  }
}

/// All ranks of the job, seen from one of them.
///
/// Every method is collective: all ranks call it, in the same order, with equal counts. It is
/// called from the thread that entered `MPI.run`. An `MPIError` leaves the communicator unusable:
/// let it end the job. With one rank nothing here calls MPI.
@safe
public final class Communicator {
  /// This rank, from 0.
  public let rank: Int

  /// The number of ranks.
  public let size: Int

  /// The name of this rank's machine.
  public let host: String

  /// The place of this rank among the nodes of the job.
  public let node: NodeTopology

  /// The current activity of this rank, published by the owner of the communicator.
  public let progress = Progress()

  /// The exit status that an error stands for.
  let status: (any Error) -> Int32
  let world: MPI_Comm

  /// Floats in one collective call: 4 MiB stay in the caches between their way in and their way
  /// out.
  public static let chunk = 1 << 20

  /// Bytes in one collective call, far below what a 32-bit count can say.
  private static let chunkBytes = 1 << 30

  /// True if this is rank 0, which prints, writes checkpoints and evaluates.
  public var isRoot: Bool { rank == 0 }

  /// Collective. The ranks of `MPI_COMM_WORLD`, whose operations from now on return their errors.
  init(status: @escaping (any Error) -> Int32) throws(MPIError) {
    let world = unsafe cmpi_comm_world()
    try Dist.check("MPI_Comm_set_errhandler") {
      unsafe MPI_Comm_set_errhandler(world, cmpi_errors_return())
    }
    var (rank, size, length) = (Int32(0), Int32(0), Int32(0))
    try Dist.check("MPI_Comm_rank") { unsafe MPI_Comm_rank(world, &rank) }
    try Dist.check("MPI_Comm_size") { unsafe MPI_Comm_size(world, &size) }
    var name = [CChar](repeating: 0, count: Int(MPI_MAX_PROCESSOR_NAME))
    try Dist.check("MPI_Get_processor_name") { unsafe MPI_Get_processor_name(&name, &length) }

    self.rank = Int(rank)
    self.size = Int(size)
    host = String(decoding: name.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    node = try unsafe NodeTopology(rank: Int(rank), size: Int(size), world: world)
    self.status = status
    unsafe self.world = world
  }

  /// Calls MPI as the function of that name does, and publishes that this rank is inside: here in the communicator, where it waits for
  /// other ranks, a plain `check` is this one.
  func check(_ operation: String, _ call: () -> Int32) throws(MPIError) {
    try progress.wait(in: operation) { () throws(MPIError) in try Dist.check(operation, call) }
  }

  /// Waits until all ranks are here.
  public func barrier() throws(MPIError) {
    guard size > 1 else { return }
    try check("MPI_Barrier") { unsafe MPI_Barrier(world) }
  }

  // MARK: Numbers

  /// Σ over ranks, element by element, in place; all ranks get the same bits. MPI 3.1 §5.9.6.
  ///
  /// - Parameters:
  ///   - vector: the same number of floats on every rank; overwritten with the sum.
  ///   - chunk: floats in one call of `MPI_Allreduce`.
  public func allReduceSum(
    _ vector: Vector, chunk: Int = Communicator.chunk
  ) throws(MPIError) {
    precondition(chunk > 0, "a chunk of \(chunk) floats")
    try allReduceSum(vector, over: try Wire(.fp32, places: 1, most: chunk))
  }

  /// The values of all ranks made one, place by place.
  public func allReduce(
    _ values: [Double], _ reduction: Reduction
  ) throws(MPIError) -> [Double] {
    guard size > 1, !values.isEmpty else { return values }
    var result = values
    try check("MPI_Allreduce") {
      unsafe MPI_Allreduce(
        values, &result, count(values.count), cmpi_double(), reduction.operation, world)
    }
    return result
  }

  /// True if `flag` is true on any rank.
  public func any(_ flag: Bool) throws(MPIError) -> Bool {
    try allReduce([flag ? 1 : 0], .max) == [1]
  }

  /// `root`'s floats, on every rank. The counts are equal; the others' floats are overwritten.
  public func broadcast(_ vector: Vector, from root: Int = 0) throws(MPIError) {
    guard size > 1 else { return }
    for start in stride(from: 0, to: vector.count, by: Communicator.chunk) {
      let part = vector[start..<min(start + Communicator.chunk, vector.count)]
      progress.reached(bucket: start / Communicator.chunk)
      try check("MPI_Bcast") {
        unsafe MPI_Bcast(part.base, count(part.count), cmpi_float(), count(root), world)
      }
    }
  }

  // MARK: Bytes

  /// `root`'s bytes, on every rank. What the others give is not looked at.
  public func broadcast(_ bytes: [UInt8], from root: Int = 0) throws(MPIError) -> [UInt8] {
    guard size > 1 else { return bytes }
    var length = Int64(bytes.count)
    try check("MPI_Bcast") { unsafe MPI_Bcast(&length, 1, cmpi_int64(), count(root), world) }
    var result = rank == root ? bytes : [UInt8](repeating: 0, count: Int(length))
    for start in stride(from: 0, to: result.count, by: Communicator.chunkBytes) {
      let part = min(Communicator.chunkBytes, result.count - start)
      try check("MPI_Bcast") {
        unsafe result.withUnsafeMutableBytes { memory in
          unsafe MPI_Bcast(
            memory.baseAddress.map { unsafe $0 + start }, count(part), cmpi_byte(), count(root),
            world)
        }
      }
    }
    return result
  }

  /// Every rank's bytes in the order of the ranks, on `root` only; the lengths may differ. Together
  /// below 2 GiB.
  public func gather(_ bytes: [UInt8], at root: Int = 0) throws(MPIError) -> [[UInt8]]? {
    guard size > 1 else { return [bytes] }
    let counts = try lengths(of: bytes)
    let (starts, total) = Communicator.starts(counts)
    var result = [UInt8](repeating: 0, count: rank == root ? total : 0)
    try check("MPI_Gatherv") {
      unsafe MPI_Gatherv(
        bytes, count(bytes.count), cmpi_byte(), &result, counts, starts, cmpi_byte(), count(root),
        world)
    }
    return rank == root ? Communicator.split(result, counts) : nil
  }

  /// Every rank's bytes in the order of the ranks, on every rank; the lengths may differ. Together
  /// below 2 GiB.
  public func allGather(_ bytes: [UInt8]) throws(MPIError) -> [[UInt8]] {
    guard size > 1 else { return [bytes] }
    let counts = try lengths(of: bytes)
    let (starts, total) = Communicator.starts(counts)
    var result = [UInt8](repeating: 0, count: total)
    try check("MPI_Allgatherv") {
      unsafe MPI_Allgatherv(
        bytes, count(bytes.count), cmpi_byte(), &result, counts, starts, cmpi_byte(), world)
    }
    return Communicator.split(result, counts)
  }

  private func lengths(of bytes: [UInt8]) throws(MPIError) -> [Int32] {
    var own = count(bytes.count)
    var all = [Int32](repeating: 0, count: size)
    try check("MPI_Allgather") {
      unsafe MPI_Allgather(&own, 1, cmpi_int32(), &all, 1, cmpi_int32(), world)
    }
    return all
  }

  private static func starts(_ counts: [Int32]) -> (starts: [Int32], total: Int) {
    var (starts, total) = ([Int32](), 0)
    for length in counts {
      starts.append(count(total))
      total += Int(length)
    }
    return (starts, total)
  }

  private static func split(_ bytes: [UInt8], _ counts: [Int32]) -> [[UInt8]] {
    var rest = bytes[...]
    return counts.map { length in
      defer { rest = rest.dropFirst(Int(length)) }
      return Array(rest.prefix(Int(length)))
    }
  }
}

/// A count as MPI 3 takes it.
package func count(_ value: Int) -> Int32 {
  guard let count = Int32(exactly: value) else { preconditionFailure("an MPI count of \(value)") }
  return count
}

extension Communicator {
  /// Lets rank 0 print `text` as a line on standard error; the other ranks do nothing.
  package func note(_ text: String) { if isRoot { printError(text) } }
}
