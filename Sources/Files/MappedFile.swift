import Foundation

/// A type whose every bit pattern is a value, so that a file's bytes may be taken for it.
/// Little-endian, as the machines are.
public protocol FileElement: BitwiseCopyable, Sendable {}

extension UInt8: FileElement {}
extension UInt16: FileElement {}
extension UInt32: FileElement {}
extension Int32: FileElement {}
extension UInt64: FileElement {}
extension Float: FileElement {}

/// A file's bytes in memory, read-only, paged in as they are touched and shared by all processes
/// that map it.
///
/// Whoever truncates the file while it is mapped ends the process (SIGBUS): map what was committed
/// by a rename.
@safe
public final class MappedFile: @unchecked Sendable {
  /// The path it was mapped from.
  public let path: String

  /// The number of bytes, at least 1.
  public let count: Int

  private let base: UnsafeRawPointer

  /// Maps the file at `path`; an InputError where it is missing, empty or not a regular file.
  public init(_ path: String) throws(InputError) {
    let (descriptor, size) = try FileReader.open(path)
    defer { close(descriptor) }
    guard size > 0 else { throw InputError("is empty; write it again", path: path) }
    let memory = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
      throw .system("map into memory", path: path, code: errno)
    }
    self.path = path
    count = size
    unsafe base = UnsafeRawPointer(memory)
  }

  deinit { unsafe munmap(UnsafeMutableRawPointer(mutating: base), count) }

  /// All bytes, valid during `body`.
  public func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(unsafe RawSpan(_unsafeStart: base, byteCount: count))
  }

  /// `count` elements from byte `offset` on, not copied, valid during `body`. Range and alignment
  /// are the caller's to check against `count` of the file: a window beyond it traps.
  public func withElements<Element: FileElement, Result, Failure: Error>(
    of type: Element.Type, at offset: Int = 0, count elements: Int,
    _ body: (Span<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(offset >= 0 && elements >= 0 && offset <= count, "a window outside of \(path)")
    precondition(
      elements <= (count - offset) / MemoryLayout<Element>.stride, "a window outside of \(path)")
    precondition(offset % MemoryLayout<Element>.alignment == 0, "a misaligned window on \(path)")
    let start = unsafe (base + offset).assumingMemoryBound(to: Element.self)
    return try body(unsafe Span(_unsafeStart: start, count: elements))
  }

  /// The element that begins at byte `offset`.
  public func element<Element: FileElement>(_ type: Element.Type, at offset: Int) -> Element {
    withElements(of: type, at: offset, count: 1) { $0[0] }
  }
}
