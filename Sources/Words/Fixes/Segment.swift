import Foundation

/// The repairs of one segment, as scalars: `fix_and_explain` of ftfy/__init__.py.
enum Segment {
  /// Repairs until nothing changes any more.
  static func fixed(_ segment: [UInt32], decodesEntities: Bool) -> [UInt32] {
    var text = segment
    while true {
      let before = text
      if decodesEntities { text = Entities.decoded(text) }
      text = Mojibake.fixed(text)
      text = CharacterFixes.fixed(text)
      text = composed(text)
      if text == before { return text }
    }
  }

  /// The composed form (NFC). Characters below U+0300 are composed already.
  private static func composed(_ text: [UInt32]) -> [UInt32] {
    guard text.contains(where: { $0 >= 0x300 }) else { return text }
    var string = ""
    string.unicodeScalars.append(contentsOf: text.compactMap(Unicode.Scalar.init))
    return string.precomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
  }
}
