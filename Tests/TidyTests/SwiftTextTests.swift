import Testing

/// The scanners of every other rule read what `SwiftText` leaves: what it hides, no rule sees.
@Suite struct SwiftTextTests {
  @Test func commentsAndStringsAreBlankAndCodeStays() {
    let text = SwiftText(
      ##"""
      let a = "bad \(try! f("bad", (1))) bad" // bad
      /* bad /* bad */ bad */ let b = 1
      let c = #"bad " \( bad \#(fine) "#; fine
      """##)
    #expect(text.code.map { $0.contains("bad") } == [false, false, false])
    #expect(text.code[0].contains("try! f("))
    #expect(text.code[1].contains("let b = 1"))
    #expect(text.code[2].contains("  fine  ") && text.code[2].hasSuffix("; fine"))
  }

  @Test func stringsOfSeveralLinesKeepTheirLines() {
    let text = SwiftText("let a = \"\"\"\n  bad \\\"\"\" bad\n  \"bad\"\n  \"\"\"\ngood()")
    #expect(text.code.count == 5)
    #expect(!text.code.joined().contains("bad"))
    #expect(text.code[4] == "good()")
  }

  @Test func commentsAreSpoken() {
    let text = SwiftText("call(\"hidden\")  // said")
    #expect(text.spoken == ["call(\"       )  // said"])
  }
}
