import Buffers
import CMPI

/// The format in which the floats of a gradient cross the network.
public enum WireFormat: String, CaseIterable, Codable, Sendable {
  /// As they are.
  case fp32

  /// Rounded to the nearest bf16, half the bytes: each sum of two ranks is made in fp32 and rounded again.
  case bf16
}

/// The arguments of an MPI sum: an MPI type, an MPI operation and, if floats are rounded for the network, the memory for the rounded ones.
///
/// A collective works in place on the `place` of some floats, after `load` and before `unload`.
@safe
final class Wire {
  /// The most floats of a place.
  let most: Int
  private let format: WireFormat
  private let memory: FloatBuffer
  private(set) var type: MPI_Datatype?
  private(set) var sum: MPI_Op?

  /// - Parameters:
  ///   - places: vectors that are under way at once
  ///   - most: floats of each at most
  init(_ format: WireFormat, places: Int, most: Int) throws(MPIError) {
    precondition(places > 0 && most > 0, "a wire without room")
    self.format = format
    self.most = most
    memory = FloatBuffer(Wire.floats(format, places: places, most: most))
    unsafe (type, sum) = unsafe (cmpi_float(), cmpi_sum())
    guard format == .bf16 else { return }
    try check("MPI_Type_contiguous") { unsafe MPI_Type_contiguous(2, cmpi_byte(), &type) }
    try check("MPI_Type_commit") { unsafe MPI_Type_commit(&type) }
    try check("MPI_Op_create") { unsafe MPI_Op_create(addBrainFloats, 1, &sum) }
  }

  deinit {
    guard format == .bf16 else { return }
    unsafe MPI_Op_free(&sum)
    unsafe MPI_Type_free(&type)
  }

  /// The floats that the roundings take.
  static func floats(_ format: WireFormat, places: Int, most: Int) -> Int {
    format == .bf16 ? places * ((most + 1) / 2) : 0
  }

  /// The address that MPI reads for `vector` between `load` and `unload`.
  func place(_ index: Int, of vector: Vector) -> UnsafeMutableRawPointer {
    unsafe format == .fp32
      ? UnsafeMutableRawPointer(vector.base)
      : UnsafeMutableRawPointer(roundings(index, vector.count).base)
  }

  /// Puts `vector` on the wire.
  func load(_ index: Int, _ vector: Vector) {
    if format == .bf16 { roundings(index, vector.count).round(vector, row: 0) }
  }

  /// Overwrites `vector` with what stands on the wire.
  func unload(_ index: Int, _ vector: Vector) {
    if format == .bf16 { roundings(index, vector.count).widen(row: 0, into: vector) }
  }

  private func roundings(_ index: Int, _ count: Int) -> BFloat16Matrix {
    precondition(count <= most, "\(count) floats on a wire for \(most)")
    let start = index * ((most + 1) / 2)
    return memory[start..<start + (count + 1) / 2].brainFloats(rows: 1, columns: count)
  }
}

/// An `MPI_User_function`, MPI 3.1 §5.9.5: target ← source + target.
private func addBrainFloats(
  _ source: UnsafeMutableRawPointer?, _ target: UnsafeMutableRawPointer?,
  _ length: UnsafeMutablePointer<Int32>?, _ type: UnsafeMutablePointer<MPI_Datatype?>?
) {
  guard let source = unsafe source, let target = unsafe target, let length = unsafe length else {
    return
  }
  func row(_ memory: UnsafeMutableRawPointer) -> BFloat16Matrix {
    let count = unsafe Int(length.pointee)
    return unsafe BFloat16Matrix(
      base: memory.assumingMemoryBound(to: UInt16.self), rows: 1, columns: count, stride: count)
  }
  unsafe row(target).add(row(source))
}

extension Communicator {
  /// Σ over ranks, element by element, in place; all ranks get the same bits. Collective.
  ///
  /// - Parameters:
  ///   - vector: the same number of floats on every rank; overwritten with the sum
  ///   - wire: with one place
  func allReduceSum(_ vector: Vector, over wire: Wire) throws(MPIError) {
    guard size > 1 else { return }
    for start in stride(from: 0, to: vector.count, by: wire.most) {
      let part = vector[start..<min(start + wire.most, vector.count)]
      progress.reached(bucket: start / wire.most)
      wire.load(0, part)
      try check("MPI_Allreduce") {
        unsafe MPI_Allreduce(
          cmpi_in_place_const(), wire.place(0, of: part), count(part.count), wire.type, wire.sum,
          world)
      }
      wire.unload(0, part)
    }
  }

  /// The bits that are set on any rank, in place. Collective.
  func union(_ bits: inout [UInt32]) throws(MPIError) {
    guard size > 1, !bits.isEmpty else { return }
    try check("MPI_Allreduce") {
      unsafe MPI_Allreduce(
        cmpi_in_place_const(), &bits, count(bits.count), cmpi_uint32(), cmpi_bit_or(), world)
    }
  }
}
