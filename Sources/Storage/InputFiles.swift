import Data
import Files

/// The files that a command reads, used to refuse an output that would overwrite one of them.
public enum InputFiles {
  /// Throws a UsageError if the output is one of `inputs`.
  ///
  /// - Parameters:
  ///   - path: the file to write; nil for none
  ///   - option: the option that names it
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

  /// The files of a task: its YAML file if it is a user's task, and its examples in `folder`, if they can be found.
  public static func task(_ nameOrPath: String, data folder: String) -> [String] {
    // Errors in them are reported when they are read.
    guard let spec = try? TaskSpec.named(nameOrPath) else { return [nameOrPath] }
    let files = (try? spec.paths(in: folder)) ?? []
    return [nameOrPath]
      + files.flatMap { path -> [String] in
        guard Path.isFolder(path) else { return [path] }
        return ((try? FolderCommit.files(in: path)) ?? []).map { Path.join(path, $0) }
      }
  }

  /// The files of the model, dataset, tokenizer or run directory in `folder`.
  public static func files(in folder: String) -> [String] {
    guard !folder.isEmpty, let names = try? FolderCommit.contents(of: folder) else { return [] }
    return names.filter(isOurs).map { Path.join(folder, $0) }
  }

  /// The files of a model; for a run directory, those of its best model and its checkpoints.
  public static func model(_ path: String) -> [String] {
    let best = Path.join(path, "best")
    let checkpoints = ["checkpoints", "."].flatMap { folder in
      let folder = Path.join(path, folder)
      return (try? CheckpointStore(folder).candidates().map(\.folder)) ?? []
    }
    return ([path, best] + checkpoints).flatMap(files)
  }

  /// True if this program reads files with this name; false, for example, for a trace that a run wrote into its directory.
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
