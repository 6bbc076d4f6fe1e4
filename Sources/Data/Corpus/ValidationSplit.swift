/// Which blocks of a corpus are held out.
///
/// The corpus of B blocks is cut into V = round(B·fraction) stretches of equal length, at least one, and from each one block is
/// taken by a keyed hash of the stretch's number. So the held-out blocks are spread over the whole corpus, exactly V, at no fixed
/// distance, and depend on nothing but B and the fraction.
enum ValidationSplit {
  /// For each block, whether it is held out. Of one block none can be.
  static func isHeldOut(blocks: Int, fraction: Double) -> [Bool] {
    var heldOut = [Bool](repeating: false, count: blocks)
    guard fraction > 0, blocks > 1 else { return heldOut }
    let wanted = min(max(1, Int((Double(blocks) * fraction).rounded())), blocks - 1)
    for stretch in 0..<wanted {
      let start = stretch * blocks / wanted
      let length = (stretch + 1) * blocks / wanted - start
      let hash = KeyedHash.mix(UInt64(stretch), key: 0x7661_6C69_6461_7465)  // "validate"
      heldOut[start + Int(hash % UInt64(length))] = true
    }
    return heldOut
  }

  /// The size of a block: 8 KiB, some windows' worth, or less where the corpus would not have a few times 1/fraction of them.
  static func blockBytes(corpusBytes: Int) -> Int { min(8192, max(1, corpusBytes / 200)) }
}
