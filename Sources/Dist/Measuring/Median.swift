/// The middle of an odd number of values, the mean of the two in the middle of an even one; NaN of none.
package func median(_ values: [Double]) -> Double {
  guard !values.isEmpty else { return .nan }
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// Resident memory of this process.
package enum ResidentMemory {
  /// The most so far, in bytes; nil where the system does not say.
  package static var peak: Int? { SystemFiles().status("VmHWM") }

  /// At this moment, in bytes; nil where the system does not say.
  package static var now: Int? { SystemFiles().status("VmRSS") }
}
