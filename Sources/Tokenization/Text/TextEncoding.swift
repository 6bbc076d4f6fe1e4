/// A guess of the encoding of text that is not UTF-8.
public struct TextEncoding: Sendable, Equatable {
  /// The name, which follows "is not UTF-8 but".
  let name: String
  /// The advice for the user.
  let advice: String
  /// True if its units have two or four bytes.
  private(set) var isWide = false

  static func wide(_ wide: WideEncoding) -> TextEncoding {
    var encoding = TextEncoding(name: "probably \(wide.name)", iconv: wide.iconv)
    encoding.isWide = true
    return encoding
  }

  private init(name: String, advice: String) { (self.name, self.advice) = (name, advice) }

  private init(name: String, iconv: String, unless: String = "") {
    self.init(name: name, advice: "convert it with `iconv -f \(iconv) -t UTF-8`" + unless)
  }

  /// The encoding of `text`, which is not entirely UTF-8 and consists of single bytes.
  package static func of(_ text: Span<UInt8>) -> TextEncoding {
    let found = HighBytes(text)
    if found.valid > found.invalid {
      return TextEncoding(
        name: "damaged UTF-8",
        advice:
          "download it again, or remove the damaged characters with `iconv -c -f UTF-8 -t UTF-8`"
      )
    }
    // In another script, its letters outnumber Latin ones; accented letters are a few in a hundred.
    if found.high * 2 > found.letters, found.high >= 2 * found.runs { return otherScript(found) }
    let between = max(1, found.between)
    if found.oddBetween * 2 > between {
      return TextEncoding(
        name: "another code page (probably Mac Roman or CP850)",
        iconv: "MACINTOSH", unless: " or `iconv -f CP850 -t UTF-8`, and look at the result")
    }
    if found.signsBetween * 5 > between {
      let name = found.low > 0 ? "Windows-1250" : "ISO-8859-2"
      return TextEncoding(
        name: "probably a code page such as \(name)",
        iconv: found.low > 0 ? "CP1250" : "ISO-8859-2", unless: ", or its own name if it is another"
      )
    }
    // Windows has typographic quotes and dashes at the places of Latin-1's control characters, which no text uses.
    return found.low > 0
      ? TextEncoding(name: "probably Windows-1252", iconv: "CP1252")
      : TextEncoding(name: "probably Latin-1", iconv: "LATIN1")
  }

  private static func otherScript(_ found: HighBytes) -> TextEncoding {
    let high = max(1, found.high)
    if found.kana * 4 > high {
      return TextEncoding(name: "probably Shift-JIS", iconv: "CP932")
    }
    if found.runs > 3, found.evenRuns * 20 >= found.runs * 19, found.low * 20 < high {
      return TextEncoding(
        name: "probably an encoding of Chinese, Japanese or Korean", iconv: "GB18030",
        unless: " (or EUC-JP, EUC-KR, BIG5 instead of GB18030), and look at the result")
    }
    // Most letters are small: their range distinguishes the code pages of Cyrillic.
    let (name, iconv) =
      found.middle * 5 > high
      ? ("CP866", "CP866")
      : found.capitals > 2 * found.smalls ? ("KOI8-R", "KOI8-R") : ("Windows-1251", "CP1251")
    return TextEncoding(
      name: "probably a code page such as \(name)", iconv: iconv,
      unless: ", or its own name if it is not Cyrillic")
  }
}

/// Statistics of the bytes from 80 on in a text.
private struct HighBytes {
  /// The number of valid UTF-8 sequences, and of bytes that belong to none.
  var (valid, invalid) = (0, 0)
  /// The number of bytes from 80 on, and of ASCII letters.
  var (high, letters) = (0, 0)
  /// The number of bytes 80–9F, and A0–AF.
  var (low, middle) = (0, 0)
  /// The number of bytes C0–DF, and E0–FF.
  var (capitals, smalls) = (0, 0)
  /// The number of bytes 81–83, which begin kana and much punctuation in Shift-JIS.
  var kana = 0
  /// The number of runs of bytes from 80 on, and of those with even length.
  var (runs, evenRuns) = (0, 0)
  /// The number of bytes from 80 on between two letters; among them signs of Latin-1 (A1–BF), and bytes that are not letters in
  /// Windows-1252.
  var (between, signsBetween, oddBetween) = (0, 0, 0)

  init(_ text: Span<UInt8>) {
    var run = 0
    for index in text.indices {
      let byte = text[index]
      guard byte >= 0x80 else {
        if run > 0 { endRun(&run) }
        if Self.isLetter(byte) { letters += 1 }
        continue
      }
      run += 1
      high += 1
      switch byte {
      case 0x80...0x9F:
        low += 1
        if 0x81...0x83 ~= byte { kana += 1 }
      case 0xA0...0xAF: middle += 1
      case 0xC0...0xDF: capitals += 1
      case 0xE0...: smalls += 1
      default: break
      }
      if index > 0, index + 1 < text.count, Self.isLetter(text[index - 1]),
        Self.isLetter(text[index + 1])
      {
        between += 1
        switch byte {
        // Apostrophes, dashes, the ellipsis and š œ ž occur within words.
        case 0x85, 0x91, 0x92, 0x96, 0x97, 0x9A, 0x9C, 0x9E: break
        case 0x80...0x9F: oddBetween += 1
        case 0xA1...0xA9, 0xAC, 0xAE...0xB3, 0xB5, 0xB6, 0xB8, 0xB9, 0xBB...0xBF:
          signsBetween += 1
        default: break
        }
      }
    }
    if run > 0 { endRun(&run) }
    countSequences(text)
  }

  private mutating func endRun(_ run: inout Int) {
    runs += 1
    evenRuns += run % 2 == 0 ? 1 : 0
    run = 0
  }

  private mutating func countSequences(_ text: Span<UInt8>) {
    var index = 0
    while index < text.count {
      guard text[index] >= 0x80 else {
        index += 1
        continue
      }
      let length = text[index] >= 0xF0 ? 4 : text[index] >= 0xE0 ? 3 : 2
      let end = min(index + length, text.count)
      if text.extracting(index..<end).firstInvalidUTF8() == nil {
        valid += 1
        index = end
      } else {
        invalid += 1
        index += 1
      }
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
}
