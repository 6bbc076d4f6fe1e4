import Buffers
import COpenBLAS
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The memory that OpenBLAS packs factors into: a piece for every thread that is inside a product, kept for the next one.
///
/// OpenBLAS takes a piece when the first product needs it. If the system refuses, it retries forever and ignores signals. So
/// all pieces are taken before the first product, after a check that they are available.
public enum ProductWorkspaces {
  /// The address space of a piece: OpenBLAS's BUFFER_SIZE on x86-64 and arm64.
  public static let bytes = 1 << 27

  /// The part of a piece that products of tiles touch, and which becomes memory.
  public static let bytesTouched = 4 << 20

  private static let taken = Mutex(0)

  /// Takes pieces for `count` threads at once; ends the process with a message if the system refuses them.
  static func take(_ count: Int) {
    taken.withLock { taken in
      guard count > taken else { return }
      tryMemory(pieces: count - taken)
      taken = count
      guard cblas_has_workspaces() != 0 else { return }
      // Those of before are given out again first.
      let pieces = (0..<count).map { number in
        guard let piece = unsafe blas_memory_alloc(0) else { Refusal.products(served: number) }
        return UInt(bitPattern: piece)
      }
      for piece in pieces {
        if let piece = unsafe UnsafeMutableRawPointer(bitPattern: piece) {
          unsafe blas_memory_free(piece)
        }
      }
    }
  }

  /// Takes as much as `pieces` from the system, as OpenBLAS does, and gives it back.
  private static func tryMemory(pieces: Int) {
    let all = (0..<pieces).map { _ in
      guard
        let piece = unsafe mmap(
          nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        unsafe piece != MAP_FAILED
      else {
        Refusal.memory(
          bytes, for: "OpenBLAS's workspace of a thread, of which there are \(pieces)")
      }
      return UInt(bitPattern: piece)
    }
    for piece in all { unsafe munmap(UnsafeMutableRawPointer(bitPattern: piece), bytes) }
  }
}
