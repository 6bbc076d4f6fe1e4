#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The one owner of a run of floats: aligned to 64 bytes, zeroed, never moved, freed with its owner.
///
/// `Vector` and `Matrix` are windows on it and do not keep it alive: the owner is stored in a `let` of a class that outlives
/// the windows it hands out.
@safe
public struct FloatBuffer: ~Copyable, @unchecked Sendable {
  private let base: UnsafeMutablePointer<Float>

  /// The number of floats.
  public let count: Int

  /// Takes `count` zeroed floats from the operating system.
  public init(_ count: Int) {
    precondition(count >= 0, "a buffer of \(count) floats")
    self.count = count
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    var memory: UnsafeMutableRawPointer?
    let status = unsafe posix_memalign(
      &memory, bytes < FloatBuffer.largeBytes ? 64 : 1 << 21, bytes)
    guard status == 0, let memory = unsafe memory else {
      preconditionFailure("out of memory: \(bytes) bytes were refused")
    }
    #if os(Linux)
      // Weights, gradients and activations are walked end to end every step: fewer, larger pages.
      if bytes >= FloatBuffer.largeBytes { _ = unsafe madvise(memory, bytes, MADV_HUGEPAGE) }
    #endif
    unsafe memset(memory, 0, bytes)
    unsafe base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit { unsafe free(base) }

  /// A window on everything.
  public var vector: Vector { unsafe Vector(base: base, count: count) }

  /// A window on `range`.
  public subscript(range: Range<Int>) -> Vector { vector[range] }

  /// A row-major window of `rows` x `columns` floats that starts at `offset`.
  public func matrix(rows: Int, columns: Int, at offset: Int = 0) -> Matrix {
    vector[offset..<offset + rows * columns].matrix(rows: rows, columns: columns)
  }

  /// From this size on, memory comes in pages of 2 MiB.
  private static let largeBytes = 1 << 22
}
