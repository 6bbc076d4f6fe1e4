import Data
import Files

/// The files that a command reads, by which it is told that it would overwrite one.
public enum InputFiles {
  /// Refuses an output that is one of `inputs`, as wrong usage.
  ///
  /// - Parameters:
  ///   - path: what is to be written; nil for nothing
  ///   - option: that names it
  public static func require(
    _ path: String?, of option: String, otherThan inputs: [String]
  ) throws(UsageError) {
    guard let path else { return }
    guard !path.isEmpty else {
      throw UsageError("\(option) is empty: give the name of the file to write")
    }
    do throws(InputError) { try Destination.requireFile(path, otherThan: inputs) } catch {
      throw UsageError("\(option) \(error)")
    }
  }

  /// Those of the task that `nameOrPath` is: its YAML file, if it is one's own, and its examples in `folder`, as far as they are known.
  public static func task(_ nameOrPath: String, data folder: String) -> [String] {
    // What is wrong with them is told where they are read.
    guard let spec = try? TaskSpec.named(nameOrPath) else { return [nameOrPath] }
    let files = (try? spec.paths(in: folder)) ?? []
    return [nameOrPath]
      + files.flatMap { path -> [String] in
        guard Path.isFolder(path) else { return [path] }
        return ((try? FolderCommit.files(in: path)) ?? []).map { Path.join(path, $0) }
      }
  }

  /// Those of the model, dataset, tokenizer or run directory in `folder`.
  public static func files(in folder: String) -> [String] {
    guard !folder.isEmpty, let names = try? FolderCommit.contents(of: folder) else { return [] }
    return names.filter(isOurs).map { Path.join(folder, $0) }
  }

  /// Those of a model: of a run directory those of its best model and its checkpoints.
  public static func model(_ path: String) -> [String] {
    let best = Path.join(path, "best")
    let checkpoints = ["checkpoints", "."].flatMap { folder in
      let folder = Path.join(path, folder)
      return (try? CheckpointStore(folder).candidates().map(\.folder)) ?? []
    }
    return ([path, best] + checkpoints).flatMap(files)
  }

  /// Whether a file of this name can be a part of what this program reads: a trace that a run wrote into its directory is none.
  private static func isOurs(_ name: String) -> Bool {
    names.contains(name) || [".safetensors", ".tokens"].contains { name.hasSuffix($0) }
  }

  private static let names = [
    "config.json", ".lock", "merges.txt", "vocab_40000.bpe", "vocab.json", "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json",
    "generation_config.json", "encoder_bpe_40000.json", "best.json", CheckpointStore.trainerName,
    SumsFile.name,
    SumsFile.sizesName, DatasetInfo.fileName, "config.yaml", "metrics.jsonl", "anomalies.jsonl",
  ]
}
