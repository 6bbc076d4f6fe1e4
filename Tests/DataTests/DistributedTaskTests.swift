import Data
import Foundation
import Testing

private let folder = ProcessInfo.processInfo.environment["GPT1_DIST_TASKS"]

/// The tasks' own files, which are not ours to hand on.
@Suite(
  .enabled(
    if: folder != nil,
    "set GPT1_DIST_TASKS to a folder with CoLA, SST-2, MRPC, STS-B, RTE and COPA as distributed"))
struct DistributedTaskTests {
  @Test(arguments: [
    ("cola", [8551, 1043]), ("sst2", [6920, 872, 1821]), ("mrpc", [3668, 408, 1725]),
    ("stsb", [5749, 1500, 1379]), ("rte", [2490, 277]), ("copa", [400, 100, 500]),
  ])
  func filesHoldAsManyExamplesAsTheirAuthorsSay(name: String, counts: [Int]) throws {
    let (folder, spec) = (try #require(folder), try TaskSpec.named(name))
    let splits = try spec.splits(in: folder)
    #expect(try splits.map { try spec.read($0, in: folder).examples.count } == counts)
    for split in splits {
      let contents = try spec.read(split, in: folder)
      #expect(contents.leftOut == 0)
      #expect(contents.examples.allSatisfy { $0.label != nil })
      #expect(Set(contents.examples.map(\.id)).count == contents.examples.count)
      let labels = Set(contents.examples.compactMap(\.label))
      if spec.answer == .score(upTo: 5) {
        #expect(labels.contains(0) && labels.contains(5) && labels.contains(3.8))
      } else {
        #expect(labels == [0, 1])
      }
    }
  }
}
