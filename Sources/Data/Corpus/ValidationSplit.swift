/// The choice of the blocks of a corpus that are held out.
///
/// The corpus of B blocks is cut into V = round(B·fraction) stretches of equal length, at least one, and a hash of the number of each
/// stretch selects one of its blocks. The V held-out blocks are therefore spread over the whole corpus, at no fixed distance, and depend
/// only on B and the fraction.
enum ValidationSplit {
  /// Returns one flag per block, true if the block is held out. A corpus of one block holds out none.
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

  /// The size of a block: 8 KiB, which is several sequences; less for a corpus that would otherwise have too few blocks for the fraction.
  static func blockBytes(corpusBytes: Int) -> Int { min(8192, max(1, corpusBytes / 200)) }
}
