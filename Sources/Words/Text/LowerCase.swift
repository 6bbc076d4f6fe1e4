/// Lower case as Python's `str.lower` makes it: Unicode's full mapping, and ς for a capital sigma at the end of a word.
enum LowerCase {
  /// Returns the UTF-8 form of `scalars` in lower case.
  static func utf8(_ scalars: ArraySlice<UInt32>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(scalars.count)
    for index in scalars.indices {
      let scalar = scalars[index]
      if scalar < 0x80 {
        bytes.append(UInt8(0x41...0x5A ~= scalar ? scalar | 0x20 : scalar))
      } else if scalar == 0x3A3 {
        bytes.append(scalar: isFinalSigma(scalars, index) ? 0x3C2 : 0x3C3)
      } else if let mapping = Unicode.Scalar(scalar)?.properties.lowercaseMapping {
        bytes.append(contentsOf: mapping.utf8)
      }
    }
    return bytes
  }

  /// Unicode 15, table 3-17, Final_Sigma: after a cased letter and not before one, marks and the like not counted.
  private static func isFinalSigma(_ scalars: ArraySlice<UInt32>, _ index: Int) -> Bool {
    func isCased(_ scalar: UInt32?) -> Bool {
      scalar.flatMap(Unicode.Scalar.init)?.properties.isCased ?? false
    }
    func counts(_ scalar: UInt32) -> Bool {
      !(Unicode.Scalar(scalar)?.properties.isCaseIgnorable ?? false)
    }
    return isCased(scalars[..<index].last(where: counts))
      && !isCased(scalars[(index + 1)...].first(where: counts))
  }
}
