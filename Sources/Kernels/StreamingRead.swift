import Buffers

/// Reading memory and nothing else: the roofline of what reads every weight once. The sums keep the reads from being left out.
public enum StreamingRead {
  /// Σ vᵢ, read from the beginning to the end.
  public static func sum(_ v: Vector) -> Float {
    var (a, b, c, d) = (Lanes(), Lanes(), Lanes(), Lanes())
    let whole = v.count / 64 * 64
    var index = 0
    while index < whole {
      a += v.load(at: index)
      b += v.load(at: index &+ 16)
      c += v.load(at: index &+ 32)
      d += v.load(at: index &+ 48)
      index &+= 64
    }
    var rest = Lanes()
    let tail = v[whole..<v.count]
    @inline(__always)
    func step(_ i: LaneStep) { rest += tail[i] }
    forEachStep(of: tail.count, step)
    return ((a + b) + (c + d) + rest).total
  }

  /// Σ vᵢ, read as eight adjacent runs side by side.
  public static func sumOfEightStreams(_ v: Vector) -> Float {
    let length = v.count / 8 / Lanes.width * Lanes.width
    func run(_ number: Int) -> Vector { v[number * length..<(number + 1) * length] }
    let (r0, r1, r2, r3) = (run(0), run(1), run(2), run(3))
    let (r4, r5, r6, r7) = (run(4), run(5), run(6), run(7))
    var (a, b, c, d) = (Lanes(), Lanes(), Lanes(), Lanes())
    var index = 0
    while index < length {
      a += r0.load(at: index) + r1.load(at: index)
      b += r2.load(at: index) + r3.load(at: index)
      c += r4.load(at: index) + r5.load(at: index)
      d += r6.load(at: index) + r7.load(at: index)
      index &+= Lanes.width
    }
    return ((a + b) + (c + d)).total + sum(v[8 * length..<v.count])
  }
}
