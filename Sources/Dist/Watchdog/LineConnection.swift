import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// One end of a TCP connection on which short lines travel. It never blocks; one thread uses it.
final class LineConnection {
  /// For `poll`.
  let descriptor: Int32
  /// Whether the other end was still there at the last look.
  private(set) var isOpen = true
  private var received: [UInt8] = []

  /// No line of ours is longer: whoever sends more is no rank.
  private static let longestLine = 1 << 10

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

  /// The whole lines that have arrived.
  func receive() -> [String] {
    var buffer = [UInt8](repeating: 0, count: 1 << 12)
    while isOpen {
      let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count > 0 {
        received += buffer.prefix(count)
      } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
        isOpen = false
      } else if errno == EAGAIN {
        break
      }
    }
    guard let end = received.lastIndex(of: UInt8(ascii: "\n")) else {
      if received.count > LineConnection.longestLine { isOpen = false }
      return []
    }
    let lines = received[..<end].split(separator: UInt8(ascii: "\n"))
    received.removeFirst(end + 1)
    return lines.map { String(decoding: $0, as: UTF8.self) }
  }
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

/// A port of this machine at which the other ranks' watchdogs call. One thread uses it.
final class LineListener {
  /// For `poll`.
  let descriptor: Int32
  /// Chosen by the system.
  let port: Int

  deinit { close(descriptor) }

  /// Listens on all addresses, of IPv6 where the machine has it, and of IPv4; nil where the system does not let us.
  ///
  /// - Parameter callers: as many may call at once
  init?(callers: Int) {
    for family in [AF_INET6, AF_INET] {
      let type = Int32(bitPattern: SOCK_STREAM.rawValue | LineConnection.flags)
      let descriptor = socket(family, type, 0)
      guard descriptor >= 0 else { continue }
      if let port = LineListener.listen(descriptor, family, callers) {
        (self.descriptor, self.port) = (descriptor, port)
        return
      }
      close(descriptor)
    }
    return nil
  }

  private static func listen(_ descriptor: Int32, _ family: Int32, _ callers: Int) -> Int? {
    var address = sockaddr_storage()
    address.ss_family = sa_family_t(family)
    var length = socklen_t(
      family == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
    var off: Int32 = 0
    if family == AF_INET6 {
      let size = socklen_t(MemoryLayout<Int32>.size)
      unsafe setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size)
    }
    // Address and port of zeros: any of them.
    let status = unsafe withUnsafeMutablePointer(to: &address) { storage in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        guard unsafe bind(descriptor, pointer, length) == 0 else { return Int32(-1) }
        return unsafe getsockname(descriptor, pointer, &length)
      }
    }
    guard status == 0, Glibc.listen(descriptor, Int32(min(callers, 4_096)) + 16) == 0 else {
      return nil
    }
    // The port stands at the same place in both.
    return unsafe withUnsafeBytes(of: &address) { bytes in
      unsafe Int(bytes[2]) << 8 | Int(bytes[3])
    }
  }

  /// The next caller; nil where none waits.
  func accept() -> LineConnection? {
    let caller = Glibc.accept(descriptor, nil, nil)
    guard caller >= 0 else { return nil }
    LineConnection.closeAtExec(caller)
    return LineConnection(caller)
  }

  /// This machine's addresses in numbers, its own loop last: for ranks of a machine without a network.
  static func addresses() -> [String] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard unsafe getifaddrs(&list) == 0 else { return ["127.0.0.1"] }
    defer { unsafe freeifaddrs(list) }
    var result: [String] = []
    var next = unsafe list
    while let item = unsafe next?.pointee {
      unsafe next = item.ifa_next
      let isUp = unsafe item.ifa_flags & UInt32(IFF_UP) != 0
      guard isUp, let address = unsafe item.ifa_addr else { continue }
      let family = unsafe Int32(address.pointee.sa_family)
      guard family == AF_INET || family == AF_INET6 else { continue }
      let size =
        family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      guard
        unsafe getnameinfo(
          address, socklen_t(size), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
      else { continue }
      let end = text.firstIndex(of: 0) ?? text.count
      result.append(String(decoding: text[..<end].map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
    // What begins with fe80 or has a % is valid on one link only.
    let far = result.filter { !$0.contains("%") && $0 != "127.0.0.1" && $0 != "::1" }
    return far + ["127.0.0.1"]
  }
}
