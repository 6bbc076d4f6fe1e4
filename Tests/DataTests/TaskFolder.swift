import Data
import Files
import Foundation
import TestSupport
import Testing

/// A task of one's own that classifies column or field `text` by `label`: a or b.
func ownTask(
  _ format: String, texts: String = "text", label: String = "label", more: String = "",
  file: String = "train.txt"
) throws -> TaskSpec {
  try withFiles([
    "own.yaml": """
    name: own
    transformation: classification
    format: \(format)
    files: {train: \(file), test: test.txt}
    texts: \(texts)
    label: \(label)
    labels: [a, b]
    \(more)
    """
  ]) { try TaskSpec.named("\($0)/own.yaml") }
}

/// Texts and labels of `split` as `text/text=label`.
func summary(_ split: TaskSplit, of spec: TaskSpec, in folder: String) throws -> [String] {
  try spec.examples(split, in: folder).map { example in
    let parts = (example.texts + example.answers).joined(separator: "/")
    return parts + (example.label.map { "=\($0)".replacing(/\.0$/, with: "") } ?? "")
  }
}

/// The error that `text` gives as the training file of `spec`, without the folder.
func complaint(
  about text: some Sequence<UInt8>, as spec: TaskSpec, split: TaskSplit = .train
) throws -> String {
  try withTemporaryFolder { folder in
    try put(text, at: "\(folder)/\(split == .train ? "train" : "test").txt")
    let error = try inputError { _ = try spec.examples(split, in: folder) }
    return "\(error)".replacing("\(folder)/", with: "")
  }
}
