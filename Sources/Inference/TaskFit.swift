import Console
import Data
import Files
import Model
import Storage
import Tokenization

/// The match between a fine-tuned model and a task: the special tokens, and the label of each output.
package struct TaskFit {
  /// The special tokens of the model.
  package let specials: SpecialTokens
  /// For each output of the task, the output of the model; nil if they have the same order.
  package let order: [Int]?
  /// Assumptions and mappings, one sentence each.
  package let notes: [String]

  /// Compares the model in `folder` with `spec`. Throws an InputError that describes both if they do not match, or if that is uncertain.
  package init(_ spec: TaskSpec, _ folder: String, _ tokenizer: Tokenizer) throws {
    let (model, file) = try ModelFolder.description(folder)
    func refusal(_ reason: String) -> InputError { InputError(reason, path: folder) }
    guard model.scores > 0 else {
      throw refusal(
        "is a language model without a linear layer for a task: fine-tune it with `gpt1-dist finetune`, or "
          + "evaluate it with --zero-shot")
    }
    let trained = file.fineTuning
    if let trained,
      (trained.transformation, trained.answer) != (spec.transformation, spec.answer.kind)
    {
      throw refusal(
        "was fine-tuned on \(trained.task) (\(trained.transformation.rawValue), \(trained.answer.rawValue)), but "
          + "\(spec.name) is \(spec.transformation.rawValue), \(spec.answer.kind.rawValue): give the task that it was "
          + "fine-tuned on")
    }
    guard model.scores == spec.answer.outputs else {
      throw refusal(
        "has a linear layer of \(counted(model.scores, "output")), but \(spec.name) needs \(spec.answer.outputs): it was "
          + "fine-tuned on another task; give that one")
    }
    guard let specials = try ModelFolder.specials(folder, model, file, tokenizer) else {
      throw refusal(
        "the tokenizer has as many ids as the model has rows, \(model.vocabularySize), so there are no special tokens: "
          + "fine-tune it with `gpt1-dist finetune --from \(folder)`, which adds their rows")
    }
    self.specials = specials
    let names = try file.outputNames(
      model.scores, path: "\(folder)/\(ModelFolder.configName)")
    (order, notes) = try TaskFit.order(spec, names, trained, folder)
  }

  private static func order(
    _ spec: TaskSpec, _ names: [String]?, _ trained: FineTunedTask?, _ folder: String
  ) throws(InputError) -> (order: [Int]?, notes: [String]) {
    var notes: [String] = []
    if let trained, trained.task != spec.name {
      notes.append("\(folder) was fine-tuned on \(trained.task) but is evaluated on \(spec.name)")
    }
    let wanted = spec.answer.outputNames
    if case .choices = spec.answer { return (nil, notes) }
    guard let names else {
      let numbered = zip(0..., wanted).map { "\($0) = \($1)" }.joined(separator: ", ")
      notes.append(
        "\(folder)/\(ModelFolder.configName) does not name the labels: their order is taken from \(spec.name), \(numbered)"
      )
      return (nil, notes)
    }
    let known = trained.map { " (fine-tuned on \($0.task))" } ?? ""
    func differ(_ reason: String) -> InputError {
      InputError(
        "the labels of the model\(known) are \(names.joined(separator: ", ")), those of \(spec.name) are "
          + "\(wanted.joined(separator: ", ")): \(reason)",
        path: folder)
    }
    // The names as the task or its files spell them; if these do not match, in any case.
    let candidates =
      [wanted, spec.files.labels].map { (names, $0) }
      + [wanted, spec.files.labels].map {
        (names.map { $0.lowercased() }, $0.map { $0.lowercased() })
      }
    guard let order = candidates.lazy.compactMap({ permutation(of: $0, to: $1) }).first else {
      throw differ("give the task that it was fine-tuned on, or correct id2label in config.json")
    }
    if case .classes = spec.answer, let trained, trained.task != spec.name,
      names.allSatisfy({ Int($0) != nil })
    {
      throw differ(
        "labels that are numbers do not show whether they mean the same; if they do, name both tasks \(trained.task)"
      )
    }
    guard order != Array(names.indices) else { return (nil, notes) }
    notes.append(
      "\(folder) has its labels in the order \(names.joined(separator: ", ")): they are mapped by name to "
        + "\(wanted.joined(separator: ", "))")
    return (order, notes)
  }

  /// For each of `wanted`, its place in `names`; nil if they are not the same names, each exactly once.
  private static func permutation(of names: [String], to wanted: [String]) -> [Int]? {
    guard names.count == wanted.count else { return nil }
    let places = wanted.compactMap { name in
      names.firstIndex { $0.utf8.elementsEqual(name.utf8) }
    }
    return Set(places).count == names.count ? places : nil
  }

  /// Reorders the rows of the linear layer to the order of the task.
  package func apply(to state: ModelState) {
    guard let order else { return }
    let layer = state.weights[state.table.scoreRange]
    let (values, width) = (layer.array, state.config.width)
    for (row, source) in order.enumerated() {
      layer[row * width..<(row + 1) * width]
        .copy(from: Array(values[source * width..<(source + 1) * width]))
    }
  }
}
