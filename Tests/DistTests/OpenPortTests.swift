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

    /// Hears until `text` has come last, or the other end has closed where it is nil; whether it has.
    func hears(_ text: String?) -> Bool {
      let start = ContinuousClock.now
      repeat {
        listen()
        if text.map({ heard.hasSuffix($0) }) ?? isClosed { return true }
        usleep(500)
      } while ContinuousClock.now - start < .seconds(10)
      return false
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
    @discardableResult
    mutating func look(after seconds: Double = 0, times: Int = 1) -> [WatchMessage] {
      (0..<times).flatMap { _ in
        now += seconds
        return channel.receive(at: now)
      }
    }

    /// Rank 0 looks until something has come about; the system may take a moment to bring what was sent. Ten seconds end a hang.
    mutating func look(until isDone: (Port, [WatchMessage]) -> Bool) -> [WatchMessage] {
      let start = ContinuousClock.now
      var messages: [WatchMessage] = []
      repeat {
        messages += look()
        if isDone(self, messages) { break }
        usleep(500)
      } while ContinuousClock.now - start < .seconds(10)
      return messages
    }

    /// The next messages, so many.
    mutating func hear(_ count: Int) -> [WatchMessage] { look { $1.count >= count } }

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
    #expect(port.hear(1) == [.moment(rank: 2, moment(5))])
    rank.send(at(6))
    #expect(port.hear(1) == [.moment(rank: 2, moment(6))])
    #expect(rank.hears("hello \(Self.token)\n" + at(0) + at(0)))
    port.channel.end()
    #expect(rank.hears("end\n") && !rank.isClosed)
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
    let messages = port.look { _, _ in
      stranger.listen()
      return stranger.isClosed
    }
    #expect(messages == [] && stranger.isClosed && stranger.heard == "")
    #expect(port.connections == 0)
  }

  @Test func aFloodOfBytesIsReadByTheLookAndClosed() throws {
    var port = try Port()
    let rank = try port.call(hello(1) + at(1))
    #expect(port.hear(1) == [.moment(rank: 1, moment(1))])
    let flood = String(repeating: "x", count: 1 << 22)
    let strangers = try (0..<20).map { _ in try port.call(flood) }
    let messages = port.look { _, _ in
      for stranger in strangers { stranger.listen() }
      return strangers.allSatisfy(\.isClosed)
    }
    #expect(messages == [] && strangers.allSatisfy { $0.isClosed && $0.heard == "" })
    #expect(port.connections == 1)
    // A rank that floods is heard once a look, and cannot keep it longer than any other.
    let sent = rank.send(String(repeating: at(2), count: 1 << 14))
    #expect(sent > 1 << 14)
    let looks = port.hear(sent / 4_096)
    #expect(looks.count == sent / 4_096 && looks.allSatisfy { $0 == .moment(rank: 1, moment(2)) })
    rank.send(flood)
    #expect(port.look { $1.contains(.hungUp(rank: 1)) }.last == .hungUp(rank: 1))
    #expect(port.connections == 0)
  }

  @Test func slowWritersAndHalfLinesAreClosedAfterATime() throws {
    var port = try Port()
    let (half, slow) = (try port.call("hello \(Self.token) 1"), try port.call())
    let silent = try port.call()
    #expect(port.look { port, _ in port.connections == 3 } == [])
    for _ in 0..<40 {
      slow.send("h")
      #expect(port.look(after: 0.1) == [])
    }
    #expect(port.connections == 3)
    #expect(port.look(after: 0.1, times: 12) == [])
    #expect(port.connections == 0)
    for stranger in [half, slow, silent] { #expect(stranger.hears(nil) && stranger.heard == "") }
    // A rank whose greeting comes in two parts is one.
    let rank = try port.call("hello \(Self.token)")
    #expect(port.look { port, _ in port.connections == 1 } == [])
    rank.send(" 3\n" + at(4))
    #expect(port.hear(1) == [.moment(rank: 3, moment(4))])
  }

  @Test func aThousandStrangersPushNobodyOut() throws {
    var port = try Port()
    let first = try port.call(hello(1) + at(1))
    #expect(port.hear(1) == [.moment(rank: 1, moment(1))])
    var crowd: [Client] = []
    let slowRank = try port.call()
    #expect(port.look { port, _ in port.connections == 2 } == [])
    for number in 1...1_000 {
      crowd.append(try port.call())
      if number % 16 == 0 { #expect(port.look(after: 0.001) == []) }
      #expect(port.connections <= 1 + ListeningChannel.mostStrangers)
      if crowd.count > 200 { crowd.removeFirst(100) }
    }
    // Who was in is heard, and who was just calling in is still there.
    first.send(at(4))
    #expect(port.hear(1) == [.moment(rank: 1, moment(4))])
    slowRank.send(hello(2) + at(2))
    #expect(port.hear(1) == [.moment(rank: 2, moment(2))])
    // Who calls now gets in, at once if its greeting has come with the call; a rank calls again and again.
    var late: [Client] = []
    var found: [WatchMessage] = []
    while found.isEmpty, late.count < 100 {
      late.append(try port.call(hello(3) + at(3)))
      found = port.look(times: 20)
    }
    #expect(found == [.moment(rank: 3, moment(3))])
    for client in [first, slowRank] {
      client.listen()
      #expect(!client.isClosed)
    }
    // Those that are silent for longer than a rank is give way.
    port.look(after: ListeningChannel.grace)
    let other = try port.call()
    #expect(port.look(times: 100) == [])
    other.listen()
    #expect(!other.isClosed)
  }

  @Test func aLiveRankKeepsItsPlaceAndADeadOneLosesIt() throws {
    var port = try Port()
    let rank = try port.call(hello(1) + at(1))
    #expect(port.hear(1) == [.moment(rank: 1, moment(1))])
    for moves in 2..<10 {
      port.now += Self.interval
      rank.send(at(moves))
      #expect(port.hear(1) == [.moment(rank: 1, moment(moves))])
      let other = try port.call(hello(1) + at(100))
      let messages = port.look { _, _ in
        other.listen()
        return other.isClosed
      }
      #expect(messages == [] && other.isClosed && other.heard == "")
    }
    // Silent for several intervals: the rank lost its connection without a sign, and calls again.
    #expect(port.look(after: 5 * Self.interval) == [])
    let again = try port.call(hello(1) + at(50))
    #expect(port.hear(1) == [.moment(rank: 1, moment(50))])
    #expect(rank.hears(nil) && port.connections == 1)
    // One that hung up loses it at once.
    shutdown(again.descriptor, Int32(SHUT_RDWR))
    #expect(port.hear(1) == [.hungUp(rank: 1)])
    let third = try port.call(hello(1) + at(60))
    #expect(port.hear(1) == [.moment(rank: 1, moment(60))])
    third.listen()
    #expect(!third.isClosed)
  }
}
