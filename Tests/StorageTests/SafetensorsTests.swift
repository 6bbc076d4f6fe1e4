import Buffers
import Files
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  /// A file of one header and zeroed tensors.
  private func file(_ json: String, bytes count: Int) -> [UInt8] {
    let length = UInt64(json.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(json.utf8)
      + [UInt8](repeating: 0, count: count)
  }

  /// The bytes that safetensors 0.8 for Python writes for the same two tensors.
  @Test func bytesAreThoseOfTheReferenceLibrary() throws {
    let buffer = FloatBuffer(4)
    buffer.vector.copy(from: [1.5, -2, 0.25, 7])
    let header =
      #"{"__metadata__":{"format":"pt"},"a/y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
      + #""b.x":{"dtype":"F32","shape":[1,3],"data_offsets":[4,16]}}"#
    try withTemporaryFolder { folder in
      let path = "\(folder)/x"
      let digest = try Safetensors.write(
        [
          NamedTensor(name: "b.x", shape: [1, 3], values: buffer[0..<3]),
          NamedTensor(name: "a/y", shape: [1], values: buffer[3..<4]),
        ], to: path)
      let written = try bytes(of: path)
      let length = Int(written[0]) + 256 * Int(written[1])
      #expect(length % 8 == 0 && written[2..<8].allSatisfy { $0 == 0 })
      // Keys within an entry may come in any order; everything else is fixed.
      let found = try JSONSerialization.jsonObject(with: Data(written[8..<8 + length]))
      let expected = try JSONSerialization.jsonObject(with: Data(header.utf8))
      #expect((found as? NSDictionary) == (expected as? NSDictionary))
      let data: [UInt8] = [0, 0, 0xE0, 0x40, 0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0x80, 0x3E]
      #expect(Array(written[(8 + length)...]) == data)
      #expect(digest == (try FileDigest(file: path)))
    }
  }

  @Test func whatIsWrittenIsRead() throws {
    let source = FloatBuffer(300_000)
    for index in 0..<source.count { source.vector[index] = Float(index) * 0.37 - 1000 }
    source.vector[5] = .nan
    try withTemporaryFolder { folder in
      let path = "\(folder)/x"
      try Safetensors.write(
        [
          NamedTensor(name: "transformer.h.0.w", shape: [2, 149_997], values: source[0..<299_994]),
          NamedTensor(name: "é \"\\/", shape: [], values: source[299_994..<299_995]),
          NamedTensor(name: "none", shape: [0, 3], values: source[0..<0]),
        ], metadata: ["format": "pt", "step": "7"], to: path)
      let file = try SafetensorsFile(path)
      #expect(file.metadata == ["format": "pt", "step": "7"])
      #expect(file.tensors.count == 3 && file.tensors["none"]?.count == 0)
      let target = FloatBuffer(299_994)
      for name in ["h.0.w", "transformer.h.0.w"] {
        target.vector.fill(0)
        try file.read(file.name(of: name), into: target.vector, expecting: [2, 149_997])
        let same = zip(target.vector.array, source.vector.array).allSatisfy {
          $0.bitPattern == $1.bitPattern
        }
        #expect(same)
      }
      let one = FloatBuffer(1)
      try file.read("é \"\\/", into: one.vector, expecting: [])
      #expect(one.vector[0] == source.vector[299_994])
      #expect(throws: InputError.self) {
        try file.read("transformer.h.0.w", into: target.vector, expecting: [149_997, 2])
      }
      #expect(throws: InputError.self) { try file.name(of: "h.1.w") }
    }
  }

  @Test func prefixIsFoundEitherWay() throws {
    let buffer = FloatBuffer(1)
    try withTemporaryFolder { folder in
      let tensor = NamedTensor(name: "h.0.w", shape: [1], values: buffer.vector)
      try Safetensors.write([tensor], to: "\(folder)/x")
      let file = try SafetensorsFile("\(folder)/x")
      #expect(try file.name(of: "transformer.h.0.w") == "h.0.w")
      #expect(try file.name(of: "h.0.w") == "h.0.w")
    }
  }

  @Test func halvesAreWidened() throws {
    // 1, −0.5, 65504, 2⁻²⁴ in IEEE half; 1, −3 in bfloat16.
    let data: [UInt8] = [0, 0x3C, 0, 0xB8, 0xFF, 0x7B, 1, 0, 0x80, 0x3F, 0x40, 0xC0]
    let json =
      #"{"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]}}"#
    try withTemporaryFolder { folder in
      try put(file(json, bytes: 0) + data, at: "\(folder)/x")
      let file = try SafetensorsFile("\(folder)/x")
      let buffer = FloatBuffer(6)
      try file.read("h", into: buffer[0..<4], expecting: [4])
      try file.read("b", into: buffer[4..<6], expecting: [2])
      #expect(buffer.vector.array == [1, -0.5, 65504, 0x1p-24, 1, -3])
    }
  }

  @Test(arguments: [
    ("not JSON", "{]", 0),
    ("no object", "[1]", 0),
    ("type is unknown", #"{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#, 4),
    ("beyond the end", #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4),
    ("bytes left", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 5),
    ("gap", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8),
    (
      "overlap",
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8
    ),
    ("count", #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8),
    ("negative offset", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, 0),
    ("falling", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4),
    ("one offset", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}}"#, 4),
    ("negative shape", #"{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}"#, 4),
    (
      "overflow",
      #"{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}"#, 4
    ),
    ("huge", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775807]}}"#, 4),
    ("beyond Int", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e30]}}"#, 4),
    ("no shape", #"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, 4),
    ("fraction", #"{"a":{"dtype":"F32","shape":[0.5],"data_offsets":[0,2]}}"#, 2),
    ("metadata", #"{"__metadata__":{"x":1}}"#, 0),
    ("nested", String(repeating: "[", count: 100_000), 0),
  ])
  func malformedHeaderIsRefused(what: String, json: String, count: Int) throws {
    try withTemporaryFolder { folder in
      try put(file(json, bytes: count), at: "\(folder)/x")
      let error = #expect(throws: InputError.self, "\(what)") {
        try SafetensorsFile("\(folder)/x")
      }
      #expect(error?.path == "\(folder)/x")
    }
  }

  /// In Latin-1, as bytes.
  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "is a git-lfs pointer"),
    ("<!DOCTYPE html><html>404</html>", "is an HTML page"),
    ("\u{1F}\u{8B}", "compressed by gzip"),
    ("Entry not found", "is text that begins with `Entry not found`"),
    ("no", "is text"), ("{\"error\": 1}\n", "is text that begins with `{\"error"),
    ("%PDF-1.7\n", "is a PDF document"),
  ])
  func anotherFileInItsPlaceIsNamed(text: String, words: String) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/x"
      try put(text.unicodeScalars.map { UInt8($0.value) }, at: path)
      let error = #expect(throws: InputError.self) { try SafetensorsFile(path) }
      #expect(error?.reason.contains(words) == true, "\(String(describing: error))")
      #expect(error?.path == path)
    }
  }

  @Test func everyCutAndHugeLengthsAreRefused() throws {
    let good = file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, bytes: 4)
    try withTemporaryFolder { folder in
      let path = "\(folder)/x"
      try put(good, at: path)
      #expect(try SafetensorsFile(path).tensors.count == 1)
      for count in good.indices {
        try put(Array(good[..<count]), at: path)
        #expect(throws: InputError.self, "\(count) bytes") { try SafetensorsFile(path) }
      }
      for place in 1..<8 {
        var bad = good
        bad[place] = 0xFF
        try put(bad, at: path)
        #expect(throws: InputError.self) { try SafetensorsFile(path) }
      }
    }
  }
}
