import Files
import Foundation
import TestSupport
import Testing

/// A pipe that holds so many pages; both ends are closed at the end. A pipe is ready for more only while a page of it is empty.
private func withPipe(
  blocking: Bool, pages: Int32 = 1, _ body: (_ reading: Int32, _ writing: Int32) throws -> Void
) throws {
  // A closed pipe must not end the tests.
  _ = StandardOutput.ignoreClosedPipes()
  var ends: [Int32] = [0, 0]
  try #require(pipe(&ends) == 0)
  defer { ends.forEach { close($0) } }
  if !blocking { try #require(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0) }
  _ = fcntl(ends[1], 1_031 /* F_SETPIPE_SZ */, pages * 4_096)
  try body(ends[0], ends[1])
}

/// Bytes that a pipe holds now; does not wait for more.
private func drain(_ descriptor: Int32) -> String {
  var (text, chunk) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
  var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  while poll(&request, 1, 0) == 1, request.revents & Int16(POLLIN) != 0 {
    let count = read(descriptor, &chunk, chunk.count)
    if count <= 0 { break }
    text += chunk.prefix(count)
  }
  return String(decoding: text, as: UTF8.self)
}

@Suite struct LogStreamTests {
  private func stream(_ descriptor: Int32) -> LogStream {
    LogStream(descriptor: descriptor, patience: .milliseconds(50))
  }

  @Test(arguments: [true, false]) func aFullPipeCostsLinesAndTheirNumberIsTold(blocking: Bool)
    throws
  {
    try withPipe(blocking: blocking) { reading, writing in
      var log = stream(writing)
      let start = ContinuousClock.now
      for number in 0..<100 { log.write("line \(number) \(String(repeating: "x", count: 100))\n") }
      // Not once a line: it waits for one stretch.
      #expect(ContinuousClock.now - start < .seconds(2))
      let first = drain(reading)
      let written = first.split(separator: "\n").count
      #expect(first.hasPrefix("line 0 x") && (1..<100).contains(written))
      log.write("again\n")
      let rest = drain(reading)
      #expect(rest == "(\(100 - written) lines of this log could not be written)\nagain\n")
      log.write("more\n")
      #expect(drain(reading) == "more\n")
    }
  }

  @Test func aLineThatWasCutIsEnded() throws {
    try withPipe(blocking: false) { reading, writing in
      var log = stream(writing)
      log.write(String(repeating: "x", count: 6_000) + "\n")
      #expect(drain(reading) == String(repeating: "x", count: 4_096))
      log.write("next\n")
      #expect(drain(reading) == "\n(1 line of this log could not be written)\nnext\n")
    }
  }

  @Test func aSlowReaderGetsAll() throws {
    try withPipe(blocking: false) { reading, writing in
      let text = String(repeating: "0123456789", count: 3_000)
      let done = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        var log = LogStream(descriptor: writing, patience: .seconds(20))
        log.write(text)
        done.signal()
      }
      var (got, chunk) = ([UInt8](), [UInt8](repeating: 0, count: 1_000))
      while got.count < text.utf8.count {
        let count = read(reading, &chunk, chunk.count)
        if count <= 0 { break }
        got += chunk.prefix(count)
      }
      done.wait()
      #expect(String(decoding: got, as: UTF8.self) == text)
    }
  }

  @Test func whatRefusesEverythingIsBorne() throws {
    try withPipe(blocking: true) { reading, _ in
      let full = open("/dev/full", O_WRONLY)
      defer { close(full) }
      // No room, not open for writing, closed.
      for descriptor in [full, reading, 999] {
        var log = stream(descriptor)
        log.write("one\n")
        log.show(bar: "[#]", isLast: false)
        log.write("two\n")
      }
    }
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    var log = stream(ends[1])
    log.write("nobody reads it\n")
    close(ends[1])
  }

  @Test func aMessageBeginsALineOfItsOwn() throws {
    try withPipe(blocking: true, pages: 16) { reading, writing in
      var log = stream(writing)
      log.show(bar: "[#.] 1", isLast: false)
      log.show(bar: "[##] 2", isLast: false)
      log.write("stopped\n")
      log.write("again\n")
      log.show(bar: "[##] 3", isLast: true)
      log.write("end\n")
      let bars = "\r[#.] 1\u{1b}[K\r[##] 2\u{1b}[K"
      #expect(
        drain(reading) == bars + "\r\u{1b}[Kstopped\nagain\n\r[##] 3\u{1b}[K\nend\n")
    }
  }
}

@Suite struct StandardOutputTests {
  @Test func aResultThatCannotBeWrittenIsAnError() throws {
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    let text = Array("result\n".utf8)
    #expect(
      complaint { try StandardOutput.write(text, to: full) }
        == "standard output: cannot write: No space left on device")
    #expect(
      complaint { try StandardOutput.write(text, to: 999) }
        == "standard output: cannot write: it is closed")
    let lines = OutputLines(descriptor: full)
    try lines.write("gathered")
    #expect(throws: InputError.self) { try lines.flush() }
  }

  @Test func aClosedPipeIsNoFailure() throws {
    _ = StandardOutput.ignoreClosedPipes()
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    #expect(throws: StandardOutput.Closed.self) { try StandardOutput.write([1], to: ends[1]) }
    close(ends[1])
  }

  @Test func aPipeThatDoesNotBlockGetsAll() throws {
    try withPipe(blocking: false) { reading, writing in
      let count = 5_000
      let done = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        let lines = OutputLines(descriptor: writing)
        do {
          for number in 0..<count { try lines.write("line \(number)") }
          try lines.flush()
        } catch { Issue.record("\(error)") }
        done.signal()
      }
      var (text, chunk) = ([UInt8](), [UInt8](repeating: 0, count: 1_000))
      let last = Array("line \(count - 1)\n".utf8)
      while !text.suffix(last.count).elementsEqual(last) {
        let count = read(reading, &chunk, chunk.count)
        if count <= 0 { break }
        text += chunk.prefix(count)
      }
      done.wait()
      let expected = (0..<count).map { "line \($0)\n" }.joined()
      #expect(String(decoding: text, as: UTF8.self) == expected)
    }
  }
}
