/// The ids of the chunks seen so far. A chunk's words, and so its ids, depend on the chunk alone; text of any length has few chunks, which
/// recur. A cache belongs to one thread, one edition of the rules and one vocabulary.
package struct ChunkCache: Sendable {
  /// Two machine words per slot: up to 15 bytes of the chunk, and their number in the highest byte, which is 0 in a free slot.
  private var keys: [UInt64]
  /// The place of each slot's ids in `ids` times 16, and their number.
  private var places: [UInt64]
  private var ids: [Int32] = []
  private var count = 0

  /// Chunks of more than 15 bytes.
  private var long: [[UInt8]: Range<Int>] = [:]
  private var longBytes = 0

  private let limit: Int

  /// - Parameter limit: the number of chunks from which the cache is cleared; the memory of a chunk is about 60 bytes, and as many again for
  ///   one of more than 15 bytes
  package init(limit: Int = 1 << 18) {
    self.limit = limit
    keys = Array(repeating: 0, count: 2 << 10)
    places = Array(repeating: 0, count: 1 << 10)
  }

  /// Appends the ids of a chunk to `output`; a chunk that was not seen before is encoded with `encode`.
  ///
  /// - Parameter chunk: the range of the chunk in `text`, not empty
  @inline(__always)
  package mutating func append(
    _ chunk: Range<Int>, of text: Span<UInt8>, to output: inout [Int32],
    encode: (Span<UInt8>) -> [Int32]
  ) {
    guard chunk.count < 16 else { return appendLong(chunk, of: text, to: &output, encode: encode) }
    var (low, high) = (UInt64(0), UInt64(chunk.count) << 56)
    let middle = min(chunk.lowerBound + 8, chunk.upperBound)
    var shift: UInt64 = 0
    for index in chunk.lowerBound..<middle {
      low |= UInt64(text[index]) << shift
      shift &+= 8
    }
    shift = 0
    for index in middle..<chunk.upperBound {
      high |= UInt64(text[index]) << shift
      shift &+= 8
    }
    var slot = slot(low, high)
    while keys[2 * slot + 1] != 0 {
      if keys[2 * slot] == low, keys[2 * slot + 1] == high {
        let place = Int(places[slot] >> 4)
        for index in place..<place + Int(places[slot] & 15) { output.append(ids[index]) }
        return
      }
      slot = (slot + 1) & (places.count - 1)
    }
    let found = encode(text.extracting(chunk))
    output += found
    insert(low, high, found, at: slot)
  }

  /// The first slot for a key: multiplications mix the bits as in the finalizer of SplitMix64.
  @inline(__always)
  private func slot(_ low: UInt64, _ high: UInt64) -> Int {
    var mixed = (low ^ (high &* 0x9E37_79B9_7F4A_7C15)) &* 0xBF58_476D_1CE4_E5B9
    mixed ^= mixed >> 32
    mixed = mixed &* 0x94D0_49BB_1331_11EB
    return Int(truncatingIfNeeded: mixed >> 31) & (places.count - 1)
  }

  private mutating func insert(_ low: UInt64, _ high: UInt64, _ found: [Int32], at slot: Int) {
    // A word of no bytes does not exist, so there are no more ids than bytes; the check keeps the fields of `places` apart.
    guard found.count < 16 else { return }
    if count == limit {
      clear()
      return
    }
    keys[2 * slot] = low
    keys[2 * slot + 1] = high
    places[slot] = UInt64(ids.count) << 4 | UInt64(found.count)
    ids += found
    count += 1
    if 2 * count > places.count { grow() }
  }

  private mutating func grow() {
    let old = (keys: keys, places: places)
    keys = Array(repeating: 0, count: 2 * old.keys.count)
    places = Array(repeating: 0, count: 2 * old.places.count)
    for place in old.places.indices where old.keys[2 * place + 1] != 0 {
      var slot = slot(old.keys[2 * place], old.keys[2 * place + 1])
      while keys[2 * slot + 1] != 0 { slot = (slot + 1) & (places.count - 1) }
      keys[2 * slot] = old.keys[2 * place]
      keys[2 * slot + 1] = old.keys[2 * place + 1]
      places[slot] = old.places[place]
    }
  }

  private mutating func clear() {
    for index in keys.indices { keys[index] = 0 }
    ids.removeAll(keepingCapacity: true)
    long.removeAll(keepingCapacity: true)
    (count, longBytes) = (0, 0)
  }

  private mutating func appendLong(
    _ chunk: Range<Int>, of text: Span<UInt8>, to output: inout [Int32],
    encode: (Span<UInt8>) -> [Int32]
  ) {
    let bytes = text.extracting(chunk)
    // A chunk as long as a page does not recur.
    guard chunk.count <= 256 else {
      output += encode(bytes)
      return
    }
    var key: [UInt8] = []
    key.reserveCapacity(chunk.count)
    for index in bytes.indices { key.append(bytes[index]) }
    if let range = long[key] {
      output += ids[range]
      return
    }
    let found = encode(bytes)
    output += found
    if longBytes + key.count > 64 * limit { clear() }
    long[key] = ids.count..<ids.count + found.count
    ids += found
    longBytes += key.count
  }
}
