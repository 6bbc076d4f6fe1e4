import Dist
import Kernels

/// The parallel regions of a training step in their order, with the time that each tile took.
package struct StepRegions {
  /// A parallel region: its tiles may run at the same time, and the next region waits for all of them.
  package struct Region {
    /// The operation of the first tile. A region may have tiles of others: the gradients of a block's weights are one region.
    package let operation: Operation
    /// Seconds of each tile, in the order in which tiles are taken.
    package let seconds: [Double]

    package init(operation: Operation, seconds: [Double]) {
      self.operation = operation
      self.seconds = seconds
    }
  }

  /// In the order of the step.
  package let regions: [Region]
  /// Seconds of the step in which no thread was in a tile.
  package let serialSeconds: Double

  package init(regions: [Region], serialSeconds: Double) {
    self.regions = regions
    self.serialSeconds = serialSeconds
  }

  /// The regions of the recorder's measured steps: for each tile, and for the time outside of tiles, the median over the steps.
  ///
  /// nil if the spans of no whole step were kept, or if the steps differ in their regions.
  package init?(_ recorder: OperationRecorder) {
    let steps = recorder.recentSteps.suffix(recorder.stepCount)
      .compactMap { StepRegions($0, recorder) }
    guard let first = steps.first,
      steps.allSatisfy({ $0.regions.map(\.seconds.count) == first.regions.map(\.seconds.count) })
    else { return nil }
    regions = first.regions.indices.map { region in
      Region(
        operation: first.regions[region].operation,
        seconds: first.regions[region].seconds.indices.map { tile in
          median(steps.map { $0.regions[region].seconds[tile] })
        })
    }
    serialSeconds = median(steps.map(\.serialSeconds))
  }

  /// The regions of one step; nil if some spans were not kept.
  private init?(_ mark: OperationRecorder.StepMark, _ recorder: OperationRecorder) {
    guard let end = mark.end,
      zip(recorder.lanes, mark.starts).allSatisfy({ $0.oldest <= $1 })
    else { return nil }
    var tiles: [Int: [Int: (operation: Operation, seconds: Double)]] = [:]
    var busy: [(begin: ContinuousClock.Instant, end: ContinuousClock.Instant)] = []
    for span in recorder.spans(of: mark).joined() where span.begin < end {
      guard let place = span.place, case .operation(let operation) = span.name else { continue }
      // A tile that belongs to several operations has a span for each.
      tiles[place.region, default: [:]][place.tile, default: (operation, 0)].seconds +=
        span.begin.duration(to: span.end).seconds
      busy.append((span.begin, span.end))
    }
    var regions: [Region] = []
    for (_, region) in tiles.sorted(by: { $0.key < $1.key }) {
      let ordered = region.sorted { $0.key < $1.key }
      guard ordered.map(\.key) == Array(0..<ordered.count), let first = ordered.first else {
        return nil
      }
      regions.append(
        Region(operation: first.value.operation, seconds: ordered.map(\.value.seconds)))
    }
    var serial = Duration.zero
    var reached = mark.begin
    for span in busy.sorted(by: { $0.begin < $1.begin }) {
      if span.begin > reached { serial += reached.duration(to: span.begin) }
      reached = max(reached, span.end)
    }
    if reached < end { serial += reached.duration(to: end) }
    self.regions = regions
    serialSeconds = serial.seconds
  }
}
