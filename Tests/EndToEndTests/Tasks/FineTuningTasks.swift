import Foundation
import TestSupport
import Testing

extension Sandbox {
  /// The least that learns a task: the debug preset from random weights.
  static func finetune(_ task: String) -> String {
    "finetune --task \(task).yaml --data tasks --from-scratch --preset debug --tokenizer data --threads 1 "
      + "--batch 16 --micro-batch 4 --learning-rate 3e-3"
  }

  /// A folder with a pre-trained model and five tasks, whose answers hang on the word `gold`.
  static func withTasks(_ body: (Sandbox) throws -> Void) throws { try taskFolder.with(body) }

  private static let taskFolder = PreparedFolder(on: prepared) { sandbox in
    try sandbox.succeed("\(pretrain) --out pretraining")
    try FileManager.default.moveItem(
      atPath: sandbox.path(sandbox.checkpoint(20, of: "pretraining")),
      toPath: sandbox.path("pretrained"))
    for task in tasks {
      let yaml = """
        name: \(task.name)
        transformation: \(task.transformation)
        format: csv
        files:
          train: \(task.name)-train.csv
          dev: \(task.name)-dev.csv
        texts: \(task.texts)
        label: label
        metrics: \(task.metrics)
        \(task.more)
        """
      try sandbox.write(yaml + "\n", to: "\(task.name).yaml")
      for (split, count) in [("train", 216), ("dev", 24)] {
        let lines = (0..<count).map { task.line($0 + (split == "dev" ? 1_000 : 0)) }
        try sandbox.write(
          ([task.header] + lines).joined(separator: "\n") + "\n",
          to: "tasks/\(task.name)-\(split).csv")
      }
    }
  }

  private struct Task: Sendable {
    let name, transformation, texts, metrics, header, more: String
    let line: @Sendable (Int) -> String
  }

  private static let tasks: [Task] = [
    Task(
      name: "mood", transformation: "classification", texts: "[text]", metrics: "[accuracy, f1]",
      header: "text,label", more: "labels: [sad, glad]"
    ) { "\(text($0, gold: $0 % 2 == 1)),\($0 % 2 == 1 ? "glad" : "sad")" },
    Task(
      name: "follows", transformation: "entailment", texts: "[a, b]", metrics: "[accuracy]",
      header: "a,b,label", more: "labels: [no, maybe, yes]"
    ) {
      "\(text($0, gold: $0 % 3 > 0)),\(text($0 + 7, gold: $0 % 3 == 2)),\(["no", "maybe", "yes"][$0 % 3])"
    },
    Task(
      name: "same", transformation: "similarity", texts: "[a, b]", metrics: "[f1, accuracy]",
      header: "a,b,label", more: "labels: [0, 1]"
    ) { "\(text($0, gold: $0 % 2 == 1)),\(text($0 + 3, gold: true)),\($0 % 2)" },
    Task(
      name: "choice", transformation: "multiple-choice", texts: "[context, question]",
      metrics: "[accuracy]", header: "context,question,a,b,c,label",
      more: "answers: [a, b, c]\nchoices: [A, B, C]\nzero-shot: answers"
    ) { place in
      let answers = (0..<3).map { text(place + $0, gold: place % 3 == $0) }
      return
        "\(text(place + 5, gold: false)),it said,\(answers.joined(separator: ",")),\(["A", "B", "C"][place % 3])"
    },
    Task(
      name: "grade", transformation: "similarity", texts: "[a, b]", metrics: "[pearson, spearman]",
      header: "a,b,label", more: "score: 5"
    ) {
      "\(text($0, gold: $0 % 2 == 1)),\(text($0 + 3, gold: $0 % 4 > 1)),\(Double($0 % 2 * 3) + Double($0 % 4) / 2)"
    },
  ]

  private static func text(_ seed: Int, gold: Bool) -> String {
    let words = ["the", "old", "horse", "walked", "under", "stone", "night", "road", "sea", "wind"]
    let count = 2 + seed % 5
    var chosen = (0..<count).map { words[(seed * 7 + $0 * 3 + seed / 10) % words.count] }
    if gold { chosen.insert("gold", at: seed % count) }
    return chosen.joined(separator: " ")
  }
}
