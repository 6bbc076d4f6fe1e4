import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// One end of a TCP connection on which short lines travel. It never blocks; one thread uses it.
///
/// Whatever the other end sends, a look reads a few KiB at most and no more than one line is kept.
final class LineConnection {
  /// For `poll`.
  let descriptor: Int32
  /// True if the other end was connected at the last look.
  private(set) var isOpen = true
  private var received: [UInt8] = []

  /// No line of ours is longer: whoever sends more is no rank.
  static let longestLine = 1 << 10
  /// Bytes that a look reads at most; the rest waits in the system's buffer, which is bounded, for the next look.
  package static let mostBytes = 1 << 12

  /// Takes a connected socket over.
  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Sends a line. What does not fit into the system's buffer, because the other end has long stopped reading, closes the connection.
  func send(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    let count = unsafe Glibc.send(
      descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    if count != bytes.count { isOpen = false }
  }

  /// The whole lines of at most `mostBytes` that have arrived. A line that is too long closes the connection.
  func receive() -> [String] {
    guard isOpen else { return [] }
    var buffer = [UInt8](repeating: 0, count: LineConnection.mostBytes)
    let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { isOpen = false }
    guard count > 0 else { return [] }
    received += buffer.prefix(count)
    var lines: [String] = []
    while let end = received.firstIndex(of: UInt8(ascii: "\n")), end <= LineConnection.longestLine {
      lines.append(String(decoding: received[..<end], as: UTF8.self))
      received.removeFirst(end + 1)
    }
    if received.count > LineConnection.longestLine { isOpen = false }
    return lines
  }

  /// Ends the connection.
  func hangUp() { isOpen = false }
}

// Sockets.
extension LineConnection {
  /// Connects to a numeric address within `seconds`; nil where nobody answers there.
  static func connect(to address: String, port: Int, within seconds: Double) -> LineConnection? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(address, "\(port)", &hints, &found) == 0, let info = unsafe found
    else { return nil }
    defer { unsafe freeaddrinfo(info) }
    let type = unsafe info.pointee.ai_socktype | Int32(bitPattern: LineConnection.flags)
    let descriptor = unsafe socket(info.pointee.ai_family, type, 0)
    guard descriptor >= 0 else { return nil }
    let connection = LineConnection(descriptor)
    if unsafe Glibc.connect(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) != 0 {
      guard errno == EINPROGRESS, wait(for: [descriptor], writing: true, seconds: seconds) else {
        return nil
      }
      var code: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0, code == 0
      else { return nil }
    }
    return connection
  }

  /// Returns once one of them can be read (or written to), or the time is over; whether one can.
  @discardableResult
  static func wait(for descriptors: [Int32], writing: Bool = false, seconds: Double) -> Bool {
    let events = Int16(writing ? POLLOUT : POLLIN)
    var list = descriptors.map { pollfd(fd: $0, events: events, revents: 0) }
    let milliseconds = Int32(max(0, min(seconds, 60)) * 1_000)
    return unsafe poll(&list, nfds_t(list.count), milliseconds) > 0
  }

  /// A program that this one starts does not inherit it.
  static func closeAtExec(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

  /// Close at exec, never block.
  static var flags: UInt32 { SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue }
}
