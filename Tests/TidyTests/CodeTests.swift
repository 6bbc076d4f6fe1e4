import Files
import TestSupport
import Testing

/// A longer file says why in its first comment; none is longer than `mostLinesWithReason`.
private let mostLines = 300
private let mostLinesWithReason = 400

/// Modules in which memory may be handled unsafely.
private let unsafeModules: Set = ["Buffers", "Dist", "Files", "Kernels"]

/// Lines of `text` that match, as findings about `path`.
private func findings(
  _ path: String, _ lines: [String], _ reason: String, where breaks: (String) -> Bool
) -> [Finding] {
  zip(1..., lines).compactMap { line, text in
    breaks(text) ? Finding(path: path, line: line, reason: reason) : nil
  }
}

private func unsafeOutsideItsModules(in file: SourceFile) -> [Finding] {
  guard !unsafeModules.contains(file.module) else { return [] }
  let word = /\bunsafe\b|\bUnsafe\w+/
  return findings(
    file.path, SwiftText(file.text).code,
    "unsafe memory belongs into \(unsafeModules.sorted().joined(separator: ", "))"
  ) { $0.contains(word) }
}

private func linesBeyondTheLimit(in file: SourceFile) -> [Finding] {
  let count = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
  let hasReason = file.lines[0].hasPrefix("// Longer than \(mostLines) lines: ")
  let limit = hasReason ? mostLinesWithReason : mostLines
  guard count > limit else { return [] }
  return [
    Finding(
      path: file.path, line: limit + 1,
      reason:
        "\(count) lines: split the file, or begin it with `// Longer than \(mostLines) lines: `"
        + " and the reason; the limit is \(limit)")
  ]
}

private func uncheckedTraps(in file: SourceFile) -> [Finding] {
  let call = /\btry!|\bas!|\bfatalError\s*\(/
  return findings(
    file.path, SwiftText(file.text).code, "throw an InputError or state a precondition instead"
  ) { $0.contains(call) }
}

/// The one file that writes to standard error and standard output; and the last words of a process that ends below it.
private let standardStreams: Set = [
  "Sources/Files/StandardStreams.swift", "Sources/Buffers/Refusal.swift",
]

private func uncheckedOutput(in file: SourceFile) -> [Finding] {
  guard !standardStreams.contains(file.path) else { return [] }
  let call =
    /(?:^|[^.\w]|\bSwift\.)(?:print|debugPrint|dump|NSLog|puts|fputs|fprintf|printf|putchar|perror)\s*\(/
  let stream =
    /\bFileHandle\s*\(|\bFileHandle\.(?!nullDevice\b)|\bSTD(?:OUT|ERR)_FILENO\b|\bstd(?:out|err)\b/
  return findings(
    file.path, SwiftText(file.text).code,
    "write by StandardError, which drops, or StandardOutput, which throws"
  ) { line in
    !line.contains("func print(") && (line.contains(call) || line.contains(stream))
  }
}

private func postponedWork(in file: SourceFile) -> [Finding] {
  findings(file.path, SwiftText(file.text).spoken, "do it, or leave it to the issue tracker") {
    $0.contains(/\b(?:TO[D]O|FIX[M]E|XX[X])\b/)  // so written that this line is not found
  }
}

/// Foundation's ways to files: their strings are no bytes, and what they write is not whole.
private func filesByFoundation(in file: SourceFile) -> [Finding] {
  guard file.module != "Files" else { return [] }
  let way =
    /\bFileManager|\bcontentsOfFile|\bfileURLWithPath|\bcontentsOf:\s*URL|\.write\(to(?:File)?:\s*(?:URL|url|atomically)|\bcreateFile\b|\b(?:fopen|opendir|creat)\(/
  return findings(file.path, SwiftText(file.text).code, "read and write files by Files") {
    $0.contains(way)
  }
}

/// Files that are begun anew in place: whole only in a folder that appears as a whole.
private func filesWrittenInPlace(in file: SourceFile) -> [Finding] {
  // These write into the folder that FolderCommit gives them, or, the last one, into a temporary folder.
  let writers: Set = [
    "JSONFile", "Safetensors", "TokenShard", "TokenizerFiles", "TokenizerJSON", "Preparation",
    "TokenizerBenchmark",
    "SharedFolderProbe",
  ]
  let name = file.path.split(separator: "/").last?.split(separator: ".").first.map(String.init)
  guard file.module != "Files", !writers.contains(name ?? "") else { return [] }
  return findings(
    file.path, SwiftText(file.text).code,
    "FileWriter.replace leaves the old file until the new one is whole"
  ) { $0.contains(/\bFileWriter(?:\.write)?\(/) }
}

/// Variables and constants outside every type, and stored `static var`s.
private func globals(in file: SourceFile) -> [Finding] {
  let declaration = /^\s*(?:[@\w()]+\s+)*?(?:let|var)\s+\w/
  let storedStatic = /\bstatic\s+(?:[\w()]+\s+)*?var\s+\w+[^{]*(?:=|$)/
  var depth = 0
  return findings(
    file.path, SwiftText(file.text).code, "no globals: pass it, or make it static let"
  ) { line in
    let isGlobal = depth == 0 && line.contains(declaration) || line.contains(storedStatic)
    for character in line {
      if "{([".contains(character) { depth += 1 }
      if "})]".contains(character) { depth -= 1 }
    }
    return isGlobal
  }
}

@Suite struct CodeTests {
  private func check(_ rule: (SourceFile) -> [Finding], below folders: String...) throws {
    let files = try folders.flatMap { try Repository.swiftFiles(below: $0) }
    #expect(files.count > 5)
    for finding in files.flatMap(rule) { Issue.record("\(finding)") }
  }

  private func lines(_ rule: (SourceFile) -> [Finding], _ module: String, _ text: String) -> [Int] {
    rule(SourceFile(path: "Sources/\(module)/A.swift", text: text)).map(\.line)
  }

  @Test func unsafeStandsOnlyWhereMemoryIsHandled() throws {
    try check(unsafeOutsideItsModules, below: "Sources")
  }

  @Test func unsafeElsewhereIsFound() {
    let text =
      "/// unsafe\nlet a = unsafe f()\nfunc g(_ p: UnsafePointer<Float>)\nlet s = \"unsafe\""
    #expect(lines(unsafeOutsideItsModules, "Training", text) == [2, 3])
    #expect(lines(unsafeOutsideItsModules, "Launcher", "nonisolated(unsafe) var a = 1") == [1])
    #expect(lines(unsafeOutsideItsModules, "Kernels", text) == [])
  }

  @Test func noFileIsLongerThanThreeHundredLinesWithoutAReason() throws {
    try check(linesBeyondTheLimit, below: "Sources", "Tests")
  }

  @Test func aFileTooLongIsFound() {
    let line = "let a = 1\n"
    #expect(lines(linesBeyondTheLimit, "Model", String(repeating: line, count: 301)) == [301])
    #expect(lines(linesBeyondTheLimit, "Model", String(repeating: line, count: 300)) == [])
    let reason = "// Longer than 300 lines: a table.\n"
    #expect(
      lines(linesBeyondTheLimit, "Model", reason + String(repeating: line, count: 399)) == [])
    #expect(
      lines(linesBeyondTheLimit, "Model", reason + String(repeating: line, count: 400)) == [401])
  }

  @Test func nothingTrapsWithoutAReason() throws {
    try check(uncheckedTraps, below: "Sources", "Tests")
  }

  @Test func aTrapIsFound() {
    let text = """
      let a = try! f()
      // try! f()
      let b = c as! Int
      fatalError ("no")
      let d = try f("\\(b as! Int) try!")
      let e = canary != 1
      """
    #expect(lines(uncheckedTraps, "Model", text) == [1, 3, 4, 5])
  }

  @Test func filesAreReadAndWrittenByFilesAlone() throws {
    try check(filesByFoundation, below: "Sources")
    try check(filesWrittenInPlace, below: "Sources")
  }

  @Test func anotherWayToFilesIsFound() {
    let text = """
      let a = FileManager.default
      let b = try String(contentsOfFile: path)
      let c = SystemFiles().status("VmRSS")
      try data.write(to: url)
      // FileManager
      let d = URL(fileURLWithPath: path)
      let e = try Data(contentsOf: URL(filePath: path))
      """
    #expect(lines(filesByFoundation, "Training", text).sorted() == [1, 2, 4, 6, 7])
    #expect(lines(filesByFoundation, "Files", text) == [])
    let writes =
      "let a = try FileWriter(path)\ntry FileWriter.write(x, to: y)\ntry FileWriter.replace(y, with: x)"
    #expect(lines(filesWrittenInPlace, "Training", writes) == [1, 2])
  }

  @Test func onlyOneFileWritesToStandardStreams() throws {
    try check(uncheckedOutput, below: "Sources")
  }

  @Test func uncheckedOutputIsFound() {
    let text = """
      print("a")
      Swift.print(b); output.print(c)
      FileHandle.standardError.write(d)
      process.standardError = FileHandle.nullDevice
      write(STDERR_FILENO, e, 1)
      func print(_ result: Int)
      fputs("f", stderr)
      // print("g")
      if json { print(h) }
      """
    #expect(lines(uncheckedOutput, "Training", text) == [1, 2, 3, 5, 7, 9])
  }

  @Test func nothingIsPostponed() throws {
    try check(postponedWork, below: "Sources", "Tests")
  }

  @Test func postponedWorkIsFound() {
    let text = "// TODO: later\nf()\n/* FIXME */\nlet s = \"TODO\"\nlet TODOs = 1"
    #expect(lines(postponedWork, "Model", text) == [1, 3])
  }

  @Test func sourcesHaveNoGlobals() throws {
    try check(globals, below: "Sources")
  }

  @Test func aGlobalIsFound() {
    let text = """
      struct A {
        let fine = 1
        static let alsoFine = 1
        static var computed: Int { 1 }
        static var stored = 1
        public static var storedToo: Int
      }
      private let global = 1
      nonisolated(unsafe) public var another: Int = 2
      func f() { print("\\(1) \\((2))") }
      #if os(Linux)
        let conditional = 3
      #endif
      func g(
        a: Int
      ) {
        var local = 1
      }
      """
    #expect(lines(globals, "Model", text) == [5, 6, 8, 9, 12])
  }
}
