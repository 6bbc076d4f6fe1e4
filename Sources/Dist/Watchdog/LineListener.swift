import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A port of this machine at which the other ranks' watchdogs call. One thread uses it.
package final class LineListener {
  /// For `poll`.
  package let descriptor: Int32
  /// Chosen by the system.
  package let port: Int

  deinit { close(descriptor) }

  /// Listens on all addresses, of IPv6 where the machine has it, and of IPv4; nil where the system does not let us.
  ///
  /// - Parameter callers: as many may call at once
  package init?(callers: Int) {
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
    // Addresses that begin with fe80 or contain a % are valid on one link only.
    let far = result.filter { !$0.contains("%") && $0 != "127.0.0.1" && $0 != "::1" }
    return far + ["127.0.0.1"]
  }
}
