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
  private let isMapped: Bool

  /// The number of floats.
  public let count: Int

  /// Takes `count` zeroed floats from the operating system.
  ///
  /// Many of them are promised only and taken when they are first written to: see `ThreadTeam.clear`. Where the system refuses
  /// them the process ends with a sentence: see `Refusal`.
  public init(_ count: Int) {
    precondition(count >= 0, "a buffer of \(count) floats")
    self.count = count
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    isMapped = bytes >= FloatBuffer.largeBytes
    guard let memory = unsafe isMapped ? FloatBuffer.map(bytes) : FloatBuffer.allocate(bytes)
    else { Refusal.memory(bytes, for: "\(count) floats") }
    unsafe base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit {
    if isMapped {
      unsafe munmap(base, count * MemoryLayout<Float>.stride)
    } else {
      unsafe free(base)
    }
  }

  private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
    var memory: UnsafeMutableRawPointer?
    guard unsafe posix_memalign(&memory, 64, bytes) == 0, let memory = unsafe memory else {
      return nil
    }
    return unsafe memset(memory, 0, bytes)
  }

  /// Zeroes that become memory when they are first written to, near the thread that does so.
  private static func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let end = (bytes + pageBytes - 1) & ~(pageBytes - 1)
    guard
      let start = unsafe mmap(
        nil, end + largePageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      unsafe start != MAP_FAILED
    else { return nil }
    let before = -Int(bitPattern: start) & (largePageBytes - 1)
    let memory = unsafe start + before
    if before > 0 { unsafe munmap(start, before) }
    if before < largePageBytes { unsafe munmap(memory + end, largePageBytes - before) }
    #if os(Linux)
      // Weights, gradients and activations are walked end to end every step: fewer, larger pages.
      unsafe madvise(memory, bytes, MADV_HUGEPAGE)
    #endif
    return unsafe memory
  }

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
  private static let largePageBytes = 1 << 21
  private static let pageBytes = 1 << 12
}
