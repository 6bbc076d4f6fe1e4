import Buffers

/// The description of the flat gradient that a reducer needs.
public struct GradientLayout: Sendable {
  /// The number of floats.
  public let count: Int
  /// The places where it may be cut into slices, ascending, from 0 to its end.
  public let cuts: [Int]
  /// Ranges in the order in which backward finishes them, together everything.
  public let order: [Range<Int>]
  /// A table of rows of `width` floats, some of which get something after the table was announced; empty where there is none.
  public let table: Range<Int>
  /// Floats of one of the table's rows; 0 where there is no table.
  public let width: Int
  /// The most rows that a rank adds late.
  public let lateRows: Int

  /// A gradient without a table; the order is that from its end to its beginning where none is given.
  public init(
    cuts: [Int], order: [Range<Int>]? = nil, table: Range<Int> = 0..<0, width: Int = 0,
    lateRows: Int = 0
  ) {
    count = cuts.last ?? 0
    self.cuts = cuts
    self.order = order ?? [0..<count]
    self.table = table
    self.width = width
    self.lateRows = width > 0 ? min(lateRows, table.count / width) : 0
  }

  /// The flat vector shared out among `ranks` at some of the `cuts`, as evenly as these allow; a slice may be empty.
  package func slices(ranks: Int) -> [Range<Int>] {
    var bounds = [0]
    for rank in 1..<max(1, ranks) {
      let ideal = count * rank / ranks
      let nearest = cuts.min { abs($0 - ideal) < abs($1 - ideal) } ?? 0
      bounds.append(max(bounds[rank - 1], nearest))
    }
    bounds.append(count)
    return zip(bounds, bounds.dropFirst()).map { $0..<$1 }
  }

  /// The most floats that the late rows of all ranks together are: never more than the table.
  func lateFloats(ranks: Int) -> Int { min(table.count, ranks * lateRows * width) }
}

/// Some rows of a table.
public struct SparseRows {
  /// The numbers of the rows, ascending and without duplicates.
  public let ids: [Int32]
  /// Their floats, one row after the other, that somebody else owns.
  public let values: Vector

  /// Rows of `values.count / ids.count` floats.
  public init(ids: [Int32], values: Vector) {
    precondition(
      ids.isEmpty ? values.count == 0 : values.count % ids.count == 0, "rows of different sizes")
    precondition(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 }, "rows out of order")
    (self.ids, self.values) = (ids, values)
  }

  private var width: Int { ids.isEmpty ? 0 : values.count / ids.count }

  /// Overwrites the rows `all`, of which these are some, with these and with zeros.
  func scatter(among all: [Int32], into target: Vector) {
    var own = 0
    if ids.isEmpty { return target.fill(0) }
    for (index, id) in all.enumerated() {
      let row = target[index * width..<(index + 1) * width]
      if own < ids.count, ids[own] == id {
        row.copy(from: values[own * width..<(own + 1) * width])
        own += 1
      } else {
        row.fill(0)
      }
    }
    precondition(own == ids.count, "rows that are not among all")
  }

  /// Adds them to those of the whole table.
  package func add(to table: Vector) {
    for (index, id) in ids.enumerated() {
      let target = unsafe table[Int(id) * width..<(Int(id) + 1) * width].base
      let source = unsafe values[index * width..<(index + 1) * width].base
      for column in 0..<width { unsafe target[column] += source[column] }
    }
  }
}
