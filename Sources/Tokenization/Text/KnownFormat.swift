/// Formats that are not text and begin with their own magic bytes (see file(1)).
enum KnownFormat {
  typealias Finding = (what: String, advice: String)

  /// The format of a file that begins with `bytes`, or nil.
  package static func of(_ bytes: [UInt8]) -> Finding? {
    for (magic, what, advice) in compressed where bytes.starts(with: magic) {
      return ("compressed by \(what)", "unpack it with `\(advice)`")
    }
    if bytes.starts(with: "BZh".utf8),
      bytes.dropFirst(4).starts(with: [0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
        || bytes.dropFirst(4).starts(with: [0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
    {
      return ("compressed by bzip2", "unpack it with `bunzip2`")
    }
    if isTar(bytes) {
      return ("a tar archive", "unpack it with `tar xf` and give the files in it")
    }
    if bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6]) {
      return zip(bytes)
    }
    for (magic, what, advice) in others where bytes.starts(with: magic) { return (what, advice) }
    // The length of the header in eight bytes, then JSON.
    if bytes.count > 10, bytes[6] == 0, bytes[7] == 0, bytes[8...].starts(with: "{\"".utf8) {
      return ("a safetensors file", "give text")
    }
    return nil
  }

  private static let compressed: [(magic: [UInt8], what: String, tool: String)] = [
    ([0x1F, 0x8B], "gzip", "gunzip"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz", "unxz"),
    ([0x28, 0xB5, 0x2F, 0xFD], "zstd", "unzstd"),
    ([0x04, 0x22, 0x4D, 0x18], "lz4", "unlz4"),
    ([0x5D, 0x00, 0x00, 0x80, 0x00], "lzma", "unlzma"),
    ([0x5D, 0x00, 0x00, 0x00, 0x04], "lzma", "unlzma"),
    ([0x1F, 0x9D], "compress", "uncompress"),
  ]

  private static let parquet =
    "write its text as JSON Lines (pandas: `read_parquet(…).to_json(…, "
    + "orient=\"records\", lines=True, force_ascii=False)`)"
  private static let office = "save it as plain text in UTF-8"
  private static let data = "write its text to a file in UTF-8"
  private static let media = "give text"

  private static let others: [(magic: [UInt8], what: String, advice: String)] = [
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive", "unpack it with `7z x`"),
    (Array("Rar!\u{1A}\u{7}".utf8), "a rar archive", "unpack it with `unrar x`"),
    (Array("PAR1".utf8) + [0x15], "a Parquet file", parquet),
    (Array("ARROW1\0\0".utf8), "an Arrow file", data),
    ([0xFF, 0xFF, 0xFF, 0xFF, 0x10], "an Arrow stream", data),
    (Array("%PDF-1.".utf8), "a PDF document", "extract its text with `pdftotext`"),
    (Array("%PDF-2.".utf8), "a PDF document", "extract its text with `pdftotext`"),
    (Array("{\\rtf1".utf8), "an RTF document", office),
    (
      [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
      "an Office document in the old binary format", office
    ),
    (Array("SQLite format 3\0".utf8), "an SQLite database", data),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array", media),
    ([0x89] + Array("HDF\r\n".utf8), "an HDF5 file", data),
    ([0x80, 0x02], "a Python pickle", data), ([0x80, 0x03], "a Python pickle", data),
    ([0x80, 0x04, 0x95], "a Python pickle", data),
    ([0x80, 0x05, 0x95], "a Python pickle", data),
    ([0x7F] + Array("ELF".utf8), "a program", media),
    ([0x89] + Array("PNG\r\n".utf8), "an image", media),
    ([0xFF, 0xD8, 0xFF], "an image", media),
    (Array("GIF87a".utf8), "an image", media), (Array("GIF89a".utf8), "an image", media),
  ]

  /// The contents of a zip archive, judged by its first member.
  private static func zip(_ bytes: [UInt8]) -> Finding {
    let names = String(decoding: bytes.prefix(4096), as: UTF8.self)
    if names.contains("mimetypeapplication/epub+zip") {
      return ("an EPUB book", "convert it to plain text (for example with `pandoc -t plain`)")
    }
    if names.contains("[Content_Types].xml") || names.contains("mimetypeapplication/vnd.oasis") {
      return ("an Office document (a zip archive)", office)
    }
    if names.contains("/data.pkl") { return ("a PyTorch checkpoint (a zip archive)", media) }
    return ("a zip archive", "unpack it with `unzip` and give the files in it")
  }

  /// True for a tar archive: its checksum, in octal digits at byte 148, is the sum of all header bytes with spaces in place of the
  /// checksum.
  private static func isTar(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 512 else { return false }
    let digits = bytes[148..<156].drop { $0 == 0x20 }.prefix { 0x30...0x37 ~= $0 }
    guard digits.count >= 3, let expected = Int(String(decoding: digits, as: UTF8.self), radix: 8)
    else { return false }
    let sum = bytes[..<512].enumerated().reduce(0) { sum, byte in
      sum + (148..<156 ~= byte.offset ? 0x20 : Int(byte.element))
    }
    return sum == expected
  }
}
