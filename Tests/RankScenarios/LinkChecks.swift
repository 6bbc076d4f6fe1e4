import Dist

/// The measurements between ranks end, agree on all ranks, and say what one machine must say of itself.
func checkLinks(_ ranks: Communicator) throws {
  let all = Array(0..<ranks.size)
  let links = try ranks.links(inRingOf: all)
  try expect(links.count == [0, 0, 1, 3, 4][ranks.size], "a ring of \(ranks.size)")
  for link in links {
    try expect(
      link.second == (link.first + 1) % ranks.size && link.latencyMicroseconds > 0
        && link.bytesPerSecond > 1e6, "\(link)")
  }
  try ranks.agree(on: "\(links)", what: "the links")
  // Not all of them, and in another order.
  let some = Array(all.reversed().prefix(2))
  let one = try ranks.links(inRingOf: some)
  try expect(one.map { [$0.first, $0.second] } == (some.count < 2 ? [] : [some]), "two: \(one)")

  let clocks = try ranks.clockOffsets(of: all)
  try expect(clocks.map(\.rank) == all, "a clock each")
  for clock in clocks {
    // One machine has one clock.
    try expect(abs(clock.seconds) <= clock.uncertainty + 1e-5, "\(clock)")
    try expect(clock.uncertainty < 1 && (clock.rank > 0 || clock.seconds == 0), "\(clock)")
  }
}
