import Foundation

/// A number with `digits` decimals.
package func format(_ value: Double, _ digits: Int) -> String {
  String(format: "%.\(digits)f", value)
}

/// A number with one decimal and a power of ten.
package func scientific(_ value: Double) -> String { String(format: "%.1e", value) }

/// `1 rank`, `3 ranks`; `many` where the plural is not made by an s.
package func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
  "\(count) \(count == 1 ? one : many ?? one + "s")"
}

/// A count with a comma before every third digit.
public func grouped(_ count: Int) -> String {
  var text = String(count.magnitude)
  var end = text.count
  while end > 3 {
    end -= 3
    text.insert(",", at: text.index(text.startIndex, offsetBy: end))
  }
  return (count < 0 ? "-" : "") + text
}

/// `1 h 02 min`, `3 min 10 s` or `12 s`.
package func duration(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e9 else { return "?" }
  let whole = Int(seconds.rounded())
  if whole >= 3_600 { return "\(whole / 3_600) h \(String(format: "%02d", whole / 60 % 60)) min" }
  if whole >= 60 { return "\(whole / 60) min \(String(format: "%02d", whole % 60)) s" }
  return "\(whole) s"
}

/// A size in GB (10⁹ bytes), or in MB or kB where that would be 0.
package func gigabytes(_ bytes: Int) -> String {
  for (unit, size) in [("GB", 1e9), ("MB", 1e6)] where Double(bytes) >= size / 100 {
    return format(Double(bytes) / size, 2) + " " + unit
  }
  return format(Double(bytes) / 1e3, 1) + " kB"
}

/// A loss, or another number of its size, for people.
public func lossText(_ value: Double) -> String { format(value, 4) }

extension String {
  package func rightPadded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  package func leftPadded(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}

extension Duration {
  /// Seconds as a number.
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
