/// Encodings of one byte per character in which UTF-8 is often read by mistake (CHARMAP_ENCODINGS of ftfy/chardata.py).
struct Encodings: Sendable {
  /// An encoding in which every byte has a character, as ftfy's "sloppy" ones.
  struct Encoding: Sendable {
    /// The character of each byte.
    let characters: [UInt32]
    /// True if the byte 1A stands for U+FFFD, which a lost byte has become.
    let isSloppy: Bool
    /// True if a space may stand for the byte A0.
    let mayRestoreSpaces: Bool

    private let bytes: [UInt32: UInt8]

    init(_ table: String, isSloppy: Bool = true, mayRestoreSpaces: Bool = true) {
      var characters = (0..<0x80).map { UInt32($0) } + table.utf8.words.map(\.hexadecimal)
      if isSloppy { characters[0x1A] = 0xFFFD }
      self.characters = characters
      self.isSloppy = isSloppy
      self.mayRestoreSpaces = mayRestoreSpaces
      bytes = Dictionary(
        characters.enumerated().map { ($1, UInt8($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// The bytes of `text`; nil if a character has none.
    func encoded(_ text: [UInt32]) -> [UInt8]? {
      var output: [UInt8] = []
      output.reserveCapacity(text.count)
      for scalar in text {
        if scalar < 0x80, scalar != 0x1A {
          output.append(UInt8(scalar))
        } else if let byte = bytes[scalar] {
          output.append(byte)
        } else {
          return nil
        }
      }
      return output
    }
  }

  static let windows1252 = Encoding(EncodingTable.windows1252)

  static let latin1 = Encoding(
    (0x80...0xFF).map { String($0, radix: 16) }.joined(separator: " "), isSloppy: false)

  /// All of them in the order in which they are tried.
  static let all = [
    latin1, windows1252, Encoding(EncodingTable.windows1251), Encoding(EncodingTable.windows1250),
    Encoding(EncodingTable.windows1253), Encoding(EncodingTable.windows1254),
    Encoding(EncodingTable.windows1257), Encoding(EncodingTable.iso88592, isSloppy: false),
    Encoding(EncodingTable.macRoman, isSloppy: false, mayRestoreSpaces: false),
    Encoding(EncodingTable.codePage437, isSloppy: false),
  ]
}
