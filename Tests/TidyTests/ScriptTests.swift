import Foundation
import TestSupport
import Testing

/// Faults of a shell script.
private func faults(inScript text: String, isExecutable: Bool) throws -> [String] {
  var faults: [String] = []
  if !text.hasPrefix("#!/bin/bash\n") { faults.append("begins with another line than #!/bin/bash") }
  if !text.split(separator: "\n").contains("set -euo pipefail") {
    faults.append("lacks a line set -euo pipefail")
  }
  if !isExecutable { faults.append("is not executable: chmod +x") }
  let bash = Process()
  let input = Pipe()
  bash.executableURL = URL(filePath: "/bin/bash")
  bash.arguments = ["-n"]
  bash.standardInput = input
  bash.standardError = FileHandle.nullDevice
  try bash.run()
  try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
  try input.fileHandleForWriting.close()
  bash.waitUntilExit()
  if bash.terminationStatus != 0 { faults.append("does not parse: bash -n") }
  return faults
}

@Suite struct ScriptTests {
  /// Every file that is a program by its place or its name, unless it is one in Python.
  private func scripts() throws -> [SourceFile] {
    try Repository.paths(below: "cluster", ".ci")
      .filter { ["", "sh", "sbatch"].contains(URL(filePath: $0).pathExtension) }
      .map(Repository.file)
      .filter { !$0.text.hasPrefix("#!/usr/bin/env python3\n") }
  }

  @Test func shellScriptsParseStopAtErrorsAndAreExecutable() throws {
    let scripts = try scripts()
    #expect(scripts.count > 3)
    for script in scripts {
      let isExecutable = FileManager.default.isExecutableFile(
        atPath: Repository.url(script.path).path)
      for fault in try faults(inScript: script.text, isExecutable: isExecutable) {
        Issue.record("\(script.path):1: \(fault)")
      }
    }
  }

  @Test func aFaultyScriptIsFound() throws {
    let good = "#!/bin/bash\nset -euo pipefail\necho hello\n"
    #expect(try faults(inScript: good, isExecutable: true) == [])
    #expect(try faults(inScript: good, isExecutable: false).count == 1)
    #expect(try faults(inScript: good + "if true; then\n", isExecutable: true).count == 1)
    #expect(try faults(inScript: "echo hello\n", isExecutable: true).count == 2)
    #expect(
      try faults(inScript: "#!/bin/bash\n# set -euo pipefail\n", isExecutable: true).count == 1)
  }
}
