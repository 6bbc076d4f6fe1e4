import Buffers
import Synchronization
import Testing

struct BuffersTests {
  /// Below and above the size from which memory comes in large pages.
  @Test(arguments: [0, 1, 7, 4_097, 1 << 21])
  func aBufferIsAlignedAndZeroed(count: Int) {
    let buffer = FloatBuffer(count)
    #expect(buffer.vector.count == count)
    #expect(buffer.vector.array.allSatisfy { $0 == 0 })
    let address = unsafe UInt(bitPattern: buffer.vector.base)
    #expect(address % 64 == 0)
  }

  /// More than any machine has is a status, not a trap.
  @Test func refusedMemoryEndsWithStatusOne() async {
    let result = await #expect(
      processExitsWith: .exitCode(1), observing: [\.standardErrorContent]
    ) {
      _ = FloatBuffer(1 << 50)
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("the system refused \(1 << 52) bytes of memory for \(1 << 50) floats"))
  }

  @Test func threadsAreTriedAndJoined() {
    #expect(SystemThread.available(0).count == 0)
    #expect(SystemThread.available(3).count == 3 && SystemThread.available(3).limits.isEmpty)
    // No address space has room for such a stack, and for a small one it has.
    let refused = SystemThread.available(2, stackBytes: 1 << 46)
    #expect(refused.count == 0 && refused.limits.allSatisfy { $0 == .addressSpace || $0 == .data })
    let done = Atomic(0)
    let thread = SystemThread(joined: true) { done.add(1, ordering: .relaxed) }
    thread?.join()
    #expect(done.load(ordering: .relaxed) == 1)
  }

  @Test func limitsAreThoseOfUlimit() {
    #expect(ProcessLimit.addressSpace.text(300_000 << 10) == "ulimit -v 300000 KiB")
    #expect(ProcessLimit.openFiles.text(16) == "ulimit -n 16")
    #expect(Set(ProcessLimit.allCases.map(\.command)).count == ProcessLimit.allCases.count)
    #expect((ProcessLimit.openFiles.value ?? 1) > 0)
  }

  @Test func windowsSeeTheSameFloats() {
    let buffer = FloatBuffer(12)
    for index in 0..<12 { buffer.vector[index] = Float(index) }
    let matrix = buffer.matrix(rows: 3, columns: 4)
    #expect(matrix[row: 1].array == [4, 5, 6, 7])
    #expect(matrix[rows: 1..<3][row: 1].array == [8, 9, 10, 11])
    let columns = matrix[columns: 1..<3]
    #expect(columns[row: 2].array == [9, 10])
    #expect(!columns.isContiguous && columns[rows: 0..<1].isContiguous)
    columns.fill(-1)
    #expect(buffer.vector.array == [0, -1, -1, 3, 4, -1, -1, 7, 8, -1, -1, 11])
    buffer[2..<4].copy(from: buffer[10..<12])
    #expect(buffer[2..<4].array == [-1, 11])
  }

  @Test func bytesAreThoseOfTheFloats() {
    let buffer = FloatBuffer(2)
    buffer.vector.withMutableBytes { bytes in
      bytes.storeBytes(of: Float(1.5).bitPattern, toByteOffset: 4, as: UInt32.self)
    }
    #expect(buffer.vector.array == [0, 1.5])
    #expect(buffer.vector.withBytes { $0.byteCount } == 8)
  }

  @Test func whatLiesOutsideIsRefused() async {
    await #expect(processExitsWith: .failure) { _ = FloatBuffer(4).vector[4] }
    await #expect(processExitsWith: .failure) { _ = FloatBuffer(4)[2..<5] }
    await #expect(processExitsWith: .failure) {
      _ = FloatBuffer(4).matrix(rows: 2, columns: 2)[row: 2]
    }
    await #expect(processExitsWith: .failure) {
      _ = FloatBuffer(6).matrix(rows: 2, columns: 3)[columns: 1..<3].vector
    }
    await #expect(processExitsWith: .failure) {
      FloatBuffer(3).vector.copy(from: [1, 2])
    }
  }
}
