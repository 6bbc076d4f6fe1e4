import Dist
import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// The watchdog's port, at which everybody can call: real sockets, made-up time.
@Suite struct OpenPortTests {
  private static let token = "0123456789abcdef"
  private static let interval = 1.0

  /// Somebody who calls.
  private final class Client {
    let descriptor: Int32
    private(set) var heard = ""
    private(set) var isClosed = false

    init(_ port: Int) throws {
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      try #require(descriptor >= 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = in_port_t(UInt16(port).bigEndian)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      let status = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      try #require(status == 0)
    }

    deinit { close(descriptor) }

    /// As much as the system takes; the number of bytes.
    @discardableResult func send(_ text: String) -> Int {
      let bytes = Array(text.utf8)
      return Glibc.send(
        descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    /// Hears what has arrived so far.
    func listen() {
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      while !isClosed {
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN { return }
        if count <= 0 {
          isClosed = true
        } else {
          heard += String(decoding: bytes[..<count], as: UTF8.self)
        }
      }
    }
  }

  /// Rank 0 of four ranks.
  private struct Port {
    let port: Int
    var channel: ListeningChannel
    var now = 0.0

    init() throws {
      let listener = try #require(LineListener(callers: 4))
      port = listener.port
      channel = ListeningChannel(
        size: 4, interval: OpenPortTests.interval, listener: listener, token: OpenPortTests.token)
    }

    /// Time passes, and rank 0 looks, once or several times.
    mutating func look(after seconds: Double = 0.01, times: Int = 1) -> [WatchMessage] {
      (0..<times).flatMap { _ in
        now += seconds
        return channel.receive(at: now)
      }
    }

    var connections: Int { channel.descriptors.count - 1 }

    func call(_ text: String = "") throws -> Client {
      let client = try Client(port)
      if !text.isEmpty { client.send(text) }
      return client
    }
  }

  private func hello(_ rank: Int) -> String { "hello \(Self.token) \(rank)\n" }

  private func moment(_ moves: Int) -> Dist.Progress.Moment {
    var moment = Dist.Progress.Moment()
    moment.moves = moves
    return moment
  }

  private func at(_ moves: Int) -> String { "at \(moves) - - - 0 - - -\n" }

  @Test func aRankIsGreetedHeardAndAnswered() throws {
    var port = try Port()
    let rank = try port.call(hello(2) + at(5))
    #expect(port.look() == [.moment(rank: 2, moment(5))])
    rank.send(at(6) + at(7))
    #expect(port.look() == [.moment(rank: 2, moment(7))])
    rank.listen()
    #expect(rank.heard == hello(2).replacing(" 2\n", with: "\n") + at(0) + at(0))
    port.channel.end()
    rank.listen()
    #expect(rank.heard.hasSuffix("end\n") && !rank.isClosed)
  }

  @Test(arguments: [
    "hello 0123456789abcdeX 1\n", "hello 0123456789abcde 1\n", "hello 0123456789abcdef0 1\n",
    "hello  1\n", "hello 1\n", "hello\n", "\n", "at 5 - - - 0 - - -\n", "end\n",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "hello 0123456789abcdef 0\n", "hello 0123456789abcdef 4\n",
    "hello 0123456789abcdef -1\n", "hello 0123456789abcdef 1x\n", "hello 0123456789abcdef 1 \n",
    "hello 0123456789abcdef 99999999999999999999\n", "HELLO 0123456789abcdef 1\n", "\u{0}\n",
    String(repeating: "a", count: 1_100), String(repeating: "hello ", count: 1_000) + "\n",
  ])
  func whoDoesNotGreetIsClosedWithoutAWord(text: String) throws {
    var port = try Port()
    let stranger = try port.call(text)
    #expect(port.look(times: 2) == [])
    stranger.listen()
    #expect(stranger.heard == "" && stranger.isClosed)
    #expect(port.connections == 0)
  }

  @Test func aFloodOfBytesIsReadByTheLookAndClosed() throws {
    var port = try Port()
    let rank = try port.call(hello(1) + at(1))
    #expect(port.look() == [.moment(rank: 1, moment(1))])
    let flood = String(repeating: "x", count: 1 << 22)
    let strangers = try (0..<20).map { _ in try port.call(flood) }
    #expect(port.look(times: 2) == [])
    #expect(port.connections == 1)
    for stranger in strangers { #expect(stranger.send(flood) < flood.utf8.count) }
    // A rank that floods is heard once a look, and cannot keep it longer than any other.
    let sent = rank.send(String(repeating: at(2), count: 1 << 14))
    #expect(sent > 1 << 14)
    var looks = 0
    while !port.look().isEmpty { looks += 1 }
    #expect(looks >= sent / 4_096 && looks <= sent / 4_096 + 2)
    #expect(port.connections == 1)
    rank.send(flood)
    #expect(port.look(times: 2).contains(.hungUp(rank: 1)))
    #expect(port.connections == 0)
  }

  @Test func slowWritersAndHalfLinesAreClosedAfterATime() throws {
    var port = try Port()
    let (half, slow, silent) = (
      try port.call("hello \(Self.token) 1"), try port.call(), try port.call()
    )
    for _ in 0..<40 {
      slow.send("h")
      #expect(port.look(after: 0.1) == [])
    }
    #expect(port.connections == 3)
    #expect(port.look(after: 0.1, times: 12) == [])
    #expect(port.connections == 0)
    for stranger in [half, slow, silent] {
      stranger.listen()
      #expect(stranger.isClosed && stranger.heard == "")
    }
    // A rank whose greeting comes in two parts is one.
    let rank = try port.call("hello \(Self.token)")
    #expect(port.look() == [])
    rank.send(" 3\n" + at(4))
    #expect(port.look() == [.moment(rank: 3, moment(4))])
  }

  @Test func aThousandStrangersPushNobodyOut() throws {
    var port = try Port()
    let first = try port.call(hello(1) + at(1))
    #expect(port.look() == [.moment(rank: 1, moment(1))])
    var crowd: [Client] = []
    let slowRank = try port.call()
    #expect(port.look() == [])
    for number in 1...1_000 {
      crowd.append(try port.call())
      if number % 16 == 0 { #expect(port.look(after: 0.001) == []) }
      #expect(port.connections <= 1 + ListeningChannel.mostStrangers)
      if crowd.count > 200 { crowd.removeFirst(100) }
    }
    // Who was just calling in is still there, who calls now gets in at once, and who was in is heard.
    slowRank.send(hello(2) + at(2))
    let late = try port.call(hello(3) + at(3))
    first.send(at(4))
    let found = port.look()
    #expect(found.count == 3)
    for (rank, moves) in [(1, 4), (2, 2), (3, 3)] {
      #expect(found.contains(.moment(rank: rank, moment(moves))))
    }
    for client in [first, slowRank, late] {
      client.listen()
      #expect(!client.isClosed)
    }
    // Those that are silent for longer than a rank is give way.
    let other = try port.call()
    #expect(port.look(after: ListeningChannel.grace) == [])
    other.listen()
    #expect(!other.isClosed)
  }

  @Test func aLiveRankKeepsItsPlaceAndADeadOneLosesIt() throws {
    var port = try Port()
    let rank = try port.call(hello(1) + at(1))
    #expect(port.look() == [.moment(rank: 1, moment(1))])
    for moves in 2..<10 {
      let other = try port.call(hello(1) + at(100))
      rank.send(at(moves))
      #expect(port.look(after: Self.interval) == [.moment(rank: 1, moment(moves))])
      other.listen()
      #expect(other.isClosed && other.heard == "")
    }
    // Silent for several intervals: the rank lost its connection without a sign, and calls again.
    #expect(port.look(after: 5 * Self.interval) == [])
    let again = try port.call(hello(1) + at(50))
    #expect(port.look() == [.moment(rank: 1, moment(50))])
    rank.listen()
    #expect(rank.isClosed && port.connections == 1)
    // One that hung up loses it at once.
    let third = try port.call(hello(1) + at(60))
    shutdown(again.descriptor, Int32(SHUT_RDWR))
    let found = port.look()
    #expect(found == [.hungUp(rank: 1), .moment(rank: 1, moment(60))])
    third.listen()
    #expect(!third.isClosed)
  }
}
