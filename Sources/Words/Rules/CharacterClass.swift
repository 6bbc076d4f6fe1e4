/// A set of characters, as tables of ranges name them.
struct CharacterClass: Sendable {
  private struct Run: Sendable {
    var low: UInt32
    var high: UInt32
    var step: UInt32
  }

  /// The members below 80, by bits.
  private var ascii = (UInt64(0), UInt64(0))

  /// Lists of runs in the order of their members. Runs of different lists may lie in each other.
  private var lists: [[Run]] = []

  /// The union of `tables`, each of ranges in hexadecimal notation in their order: `41-5A`, `7F`, `100-136:2` for every other one.
  init(_ tables: String...) {
    for table in tables {
      let runs = table.utf8.words.map(Self.run)
      for run in runs where run.low < 0x80 {
        for member in stride(from: run.low, through: min(run.high, 0x7F), by: Int(run.step)) {
          if member < 64 { ascii.0 |= 1 << member } else { ascii.1 |= 1 << (member - 64) }
        }
      }
      let others = runs.filter { $0.high >= 0x80 }
      if !others.isEmpty { lists.append(others) }
    }
  }

  private static func run(_ text: Substring.UTF8View) -> Run {
    let parts = text.split(separator: UInt8(ascii: ":"))
    let ends = parts[0].split(separator: UInt8(ascii: "-")).map(\.hexadecimal)
    return Run(low: ends[0], high: ends[ends.count - 1], step: parts.count > 1 ? 2 : 1)
  }

  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 64 { return ascii.0 >> scalar & 1 != 0 }
    if scalar < 128 { return ascii.1 >> (scalar - 64) & 1 != 0 }
    return lists.contains { Self.contains($0, scalar) }
  }

  /// All members.
  var members: [UInt32] {
    let low = (0..<128).filter(contains)
    return low
      + lists.joined().flatMap { run in
        stride(from: run.low, through: run.high, by: Int(run.step)).filter { $0 >= 0x80 }
      }
  }

  private static func contains(_ runs: [Run], _ scalar: UInt32) -> Bool {
    var (low, high) = (0, runs.count)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].high < scalar { low = middle + 1 } else { high = middle }
    }
    guard low < runs.count, runs[low].low <= scalar else { return false }
    return (scalar - runs[low].low) % runs[low].step == 0
  }
}

extension String.UTF8View {
  /// The parts of a table between spaces and line breaks.
  var words: [Substring.UTF8View] {
    split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
  }
}

extension Substring.UTF8View {
  /// The value of hexadecimal digits.
  var hexadecimal: UInt32 {
    guard let value = UInt32(Substring(self), radix: 16) else {
      preconditionFailure("a table with another digit")
    }
    return value
  }

  /// The scalars of this text.
  var scalars: [UInt32] { Substring(self).unicodeScalars.map(\.value) }
}
