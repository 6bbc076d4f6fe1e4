import Buffers
import Console
import Dist
import Storage

/// Checks that all ranks see the same files, and that there is space for checkpoints.
enum StorageChecks {
  static func verdicts(_ facts: ClusterFacts) -> [Verdict] { output(facts) + data(facts) }

  private static func output(_ facts: ClusterFacts) -> [Verdict] {
    let output = facts.output
    if let problem = output.problem {
      return [
        .problem(.output, problem, "give another --out, or make its folder writable")
      ]
    }
    var found: [Verdict] = []
    let blind = facts.ranks.filter { !$0.seesOutput }.map(\.rank)
    if !blind.isEmpty {
      found.append(
        .warning(
          .output,
          "\(words(forRanks: blind)) did not see what rank 0 wrote into \(output.folder)",
          "give an --out that all nodes share: if rank 0 starts on another node next time, the run "
            + "would not find its checkpoints"))
    }
    let bytes = facts.run.parameters * 3 * MemoryLayout<Float>.stride
    // One more than is kept: the oldest is removed when the newest is complete.
    let needed = bytes * max(1, facts.run.keep + 1 - output.checkpoints)
    if let free = output.free, free < needed {
      found.append(
        .problem(
          .output,
          "\(output.folder) has \(gigabytes(free)) free, and the checkpoints take \(gigabytes(needed)) "
            + "(\(gigabytes(bytes)) each, --keep \(facts.run.keep) and the one being written)",
          "free some space, give a smaller --keep, or another --out"))
    }
    if let inodes = output.inodes, inodes < CheckpointStore.files {
      found.append(
        .problem(
          .output,
          "\(output.folder) has \(counted(inodes, "inode")) (places for files) free, and a checkpoint takes up to "
            + "\(CheckpointStore.files)",
          "remove some files, or give another --out"))
    }
    // The optimizer's state is the larger file of a checkpoint.
    let largest = bytes / 3 * 2
    if let most = output.largestFile, most < largest {
      found.append(
        .problem(
          .output,
          "a checkpoint has a file of \(gigabytes(largest)), and rank 0 may write only \(gigabytes(most)) "
            + "(\(ProcessLimit.fileSize.text(most)))",
          ProcessLimit.fileSize.remedy))
    }
    let room = output.free.map { ", \(gigabytes($0)) free for checkpoints of \(gigabytes(bytes))" }
    return found.isEmpty
      ? [.ok(.output, "\(output.folder) can be written and all ranks see it\(room ?? "")")] : found
  }

  private static func data(_ facts: ClusterFacts) -> [Verdict] {
    let failures = facts.ranks.compactMap { rank in
      rank.dataProblem.map { (rank: rank.rank, text: $0) }
    }
    if !failures.isEmpty {
      let texts = groups(of: failures).map { text, ranks in
        ranks.count == facts.ranks.count ? text : "\(words(forRanks: ranks)): \(text)"
      }
      return [
        .problem(
          .data, texts.joined(separator: "; "),
          "every rank reads the data: put them in a folder that all nodes share"
        )
      ]
    }
    let sides = facts.sides { $0.data ?? "none" }
    if !sides.isEmpty {
      return [
        .problem(
          .data, "the ranks see different data: " + sides.joined(separator: "; "),
          "copy one folder to all nodes, or put it in a shared one")
      ]
    }
    guard facts.ranks.contains(where: { $0.data != nil }) else { return [] }
    return [.ok(.data, "\(facts.run.data): the same on all ranks")]
  }
}
