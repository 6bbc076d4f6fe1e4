/// docs/CONFIG.md: every key of the configuration, from its declaration. `make config-docs` writes it.
package enum ConfigDocument {
  /// The document.
  package static var text: String {
    beginning + KeyInfo.Group.allCases.map(section).joined(separator: "\n")
  }

  private static var beginning: String {
    """
    # Configuration

    This file is generated from `Sources/Configuration/KeyTable.swift`; write it with `make config-docs`.

    Each key is a flag (`--learning-rate 1e-4`) of the subcommands that use it, and a line (`learning-rate: 1e-4`) of the YAML
    file that `--config` names. Precedence: flag > `--config` > `--preset`. A YAML file may name the preset too: `preset: mini`.
    `--dry-run` prints the configuration that a command comes to, and each run writes it to `config.yaml` in its run directory,
    which `--config` reads.

    *Used by* is the kind of run that has the key: `pretrain` or `finetune`. `doctor` has all keys of `pretrain`, `bench` those that a
    step depends on, and `replay` has `data`, `task`, `from` and `threads`.

    If the run directory has a checkpoint, the run resumes from it. *On resume* says what happens to another value then: it is
    *refused*; it is *reported* (and refused if the run is finished); or it is *free* to differ.


    """
  }

  private static func section(_ group: KeyInfo.Group) -> String {
    let rows = RunConfig.keys.filter { $0.info.group == group }.map(row)
    return """
      ## \(group.rawValue)

      | key | meaning | values | default | used by | on resume |
      |---|---|---|---|---|---|
      \(rows.joined(separator: "\n"))

      """
  }

  private static func row(_ key: any ConfigKey) -> String {
    let info = key.info
    let cells = [
      "`\(key.name)`", perKind(info) { info.sentence($0) }, info.values,
      perKind(info) { key.defaults($0) ?? (info.isFlag ? "off" : "–") },
      info.kinds.map { "`\($0.command)`" }.joined(separator: ", "), info.resumeRule.words,
    ]
    return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
  }

  /// The text for all kinds of run that the key belongs to; one text per kind if they differ.
  private static func perKind(_ key: KeyInfo, _ text: (RunConfig.Kind) -> String) -> String {
    let texts = key.kinds.map { (kind: $0, text: text($0)) }
    if Set(texts.map(\.text)).count == 1, let text = texts.first?.text { return text }
    return texts.map { "`\($0.kind.command)`: \($0.text)" }.joined(separator: "<br>")
  }
}

extension KeyInfo {
  /// The values of the key, in a table.
  fileprivate var values: String {
    if isFlag { return "flag; in YAML `true` or `false`" }
    if !choices.isEmpty { return choices.map { "`\($0)`" }.joined(separator: ", ") }
    guard let range else { return placeholder }
    return range.description + (none.map { ", or \($0.text)" } ?? "")
  }
}

extension ResumeRule {
  fileprivate var words: String {
    switch self {
    case .mustMatch: "refused"
    case .mayChange: "reported"
    case .free: "free"
    }
  }
}
