import Shared
import Testing

/// A broken file and what must be said about it.
struct BrokenFile: CustomTestStringConvertible {
    let name: String
    let header: String
    var length: UInt64?
    var dataBytes = 8
    let code: CheckpointError.Code
    /// A part of the error's text.
    let words: String

    var testDescription: String { name }
}

@Suite struct SafetensorsHeaderTests {
    static func tensor(
        _ name: String,
        dtype: String = "F32",
        shape: String = "[2]",
        offsets: String = "[0,8]",
    ) -> String {
        #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
    }

    static let brokenFiles: [BrokenFile] = [
        BrokenFile(name: "a huge length", header: "{}", length: .max, code: .invalidHeader, words: "at most 100000000"),
        BrokenFile(
            name: "a length beyond the bound",
            header: "{}",
            length: 100_000_001,
            code: .invalidHeader,
            words: "found a length of 100000001"
        ),
        BrokenFile(
            name: "a length beyond the file",
            header: "{}",
            length: 11,
            code: .truncated,
            words: "expected a header of 11 bytes, found 10 bytes"
        ),
        BrokenFile(name: "no JSON", header: "PK!!", code: .invalidHeader, words: "not JSON"),
        BrokenFile(name: "a list", header: "[]", code: .invalidHeader, words: "found a list"),
        BrokenFile(name: "JSON that stops", header: #"{"a":{"dtype":"#, code: .invalidHeader, words: "offset 22"),
        BrokenFile(
            name: "something after the JSON",
            header: "{} x",
            dataBytes: 0,
            code: .invalidHeader,
            words: "the end of the document"
        ),
        BrokenFile(
            name: "the same tensor twice",
            header: "{\(tensor("a")),\(tensor("a"))}",
            code: .invalidHeader,
            words: #""a" comes again"#
        ),
        BrokenFile(
            name: "a tensor that is a number",
            header: #"{"a":1}"#,
            code: .invalidHeader,
            words: "found the number 1"
        ),
        BrokenFile(
            name: "metadata that is a number",
            header: #"{"__metadata__":{"k":1}}"#,
            code: .invalidHeader,
            words: "strings as metadata"
        ),
        BrokenFile(
            name: "a field too many",
            header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}"#,
            code: .invalidHeader,
            words: "found a field x"
        ),
        BrokenFile(
            name: "an unknown dtype",
            header: "{\(tensor("a", dtype: "F33"))}",
            code: .invalidHeader,
            words: "F33"
        ),
        BrokenFile(
            name: "no dtype",
            header: #"{"a":{"shape":[2],"data_offsets":[0,8]}}"#,
            code: .invalidHeader,
            words: "expected a dtype, found none"
        ),
        BrokenFile(
            name: "a fractional extent",
            header: "{\(tensor("a", shape: "[2.5]"))}",
            code: .invalidHeader,
            words: "shape of whole numbers"
        ),
        BrokenFile(
            name: "a negative extent",
            header: "{\(tensor("a", shape: "[-2]"))}",
            code: .invalidHeader,
            words: "shape of whole numbers"
        ),
        BrokenFile(
            name: "two negative extents",
            header: "{\(tensor("a", shape: "[-1,-2]"))}",
            code: .invalidHeader,
            words: "shape of whole numbers"
        ),
        BrokenFile(
            name: "extents whose product overflows",
            header: "{\(tensor("a", shape: "[4294967296,4294967296]"))}",
            code: .invalidHeader,
            words: "fits 64 bits"
        ),
        BrokenFile(
            name: "a byte count that overflows",
            header: "{\(tensor("a", shape: "[4611686018427387904]"))}",
            code: .invalidHeader,
            words: "byte count does not fit"
        ),
        BrokenFile(
            name: "an extent beyond 64 bits",
            header: "{\(tensor("a", shape: "[99999999999999999999]"))}",
            code: .invalidHeader,
            words: "shape of whole numbers"
        ),
        BrokenFile(
            name: "offsets the wrong way round",
            header: "{\(tensor("a", offsets: "[8,0]"))}",
            code: .invalidHeader,
            words: "data_offsets of two numbers"
        ),
        BrokenFile(
            name: "a negative offset",
            header: "{\(tensor("a", offsets: "[-8,0]"))}",
            code: .invalidHeader,
            words: "data_offsets of two numbers"
        ),
        BrokenFile(
            name: "one offset",
            header: "{\(tensor("a", offsets: "[8]"))}",
            code: .invalidHeader,
            words: "data_offsets of two numbers"
        ),
        BrokenFile(
            name: "offsets at the end of all numbers",
            header: "{\(tensor("a", offsets: "[9223372036854775799,9223372036854775807]"))}",
            code: .invalidHeader,
            words: "data_offsets of two numbers"
        ),
        BrokenFile(
            name: "a shape that lies",
            header: "{\(tensor("a", shape: "[3]"))}",
            code: .invalidHeader,
            words: "needs 12 bytes, its data_offsets hold 8"
        ),
        BrokenFile(
            name: "overlapping tensors",
            header: "{\(tensor("a")),\(tensor("b", offsets: "[4,12]"))}",
            dataBytes: 12,
            code: .invalidHeader,
            words: "overlap"
        ),
        BrokenFile(
            name: "two tensors in one place",
            header: "{\(tensor("a")),\(tensor("b"))}",
            code: .invalidHeader,
            words: "overlap"
        ),
        BrokenFile(
            name: "a gap",
            header: "{\(tensor("a")),\(tensor("b", offsets: "[12,20]"))}",
            dataBytes: 20,
            code: .invalidHeader,
            words: "gap"
        ),
        BrokenFile(
            name: "a gap at the start",
            header: "{\(tensor("a", offsets: "[4,12]"))}",
            dataBytes: 12,
            code: .invalidHeader,
            words: "gap"
        ),
        BrokenFile(
            name: "bytes after the last tensor",
            header: "{\(tensor("a"))}",
            dataBytes: 9,
            code: .invalidHeader,
            words: "found 1 more bytes"
        ),
        BrokenFile(
            name: "a file cut short",
            header: "{\(tensor("a"))}",
            dataBytes: 7,
            code: .truncated,
            words: "tensor a"
        ),
        BrokenFile(
            name: "deep nesting",
            header: #"{"a":"# + String(repeating: "[", count: 10_000),
            code: .invalidHeader,
            words: "levels of nesting"
        ),
    ]

    @Test("A file that breaks the format is refused with a reason", arguments: brokenFiles)
    func refuses(_ broken: BrokenFile) throws {
        let folder = try TemporaryFolder()
        let path = try folder.writeSafetensors(
            header: broken.header,
            length: broken.length,
            data: Array(repeating: 0, count: broken.dataBytes)
        )
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        #expect(error?.code == broken.code)
        #expect(error?.file == "model.safetensors")
        #expect(error?.description.contains(broken.words) == true, "\(error?.description ?? "")")
    }

    @Test("A file shorter than its length field is refused")
    func shorterThanLengthField() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("model.safetensors", [1, 2, 3])
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        #expect(error?.code == .truncated)
        #expect(error?.message == "expected at least 8 bytes, found 3")
    }

    static let malformed = [
        #"{"a":01}"#, #"{"a":1.}"#, #"{"a":.5}"#, #"{"a":+1}"#, #"{"a":1e}"#, #"{"a":1e999}"#, #"{"a":NaN}"#,
        #"{"a":-}"#,
        #"{"a":tru}"#, #"{"a" 1}"#, #"{"a":1,}"#, #"{"a":[1,]}"#, #"{"a":[1 2]}"#, #"{a:1}"#, #"{"a":"\x"}"#,
        #"{"a":"\u12"}"#,
        #"{"a":"\ud800"}"#, #"{"a":"\ud800\u0041"}"#, "{\"a\":\"\n\"}", #"{"a":"b}"#, "{", "", "   ", #"{"a":nul"#,
        #"{"a":"\"#,
    ]

    @Test("What is not JSON is not taken for it", arguments: malformed)
    func refusesMalformed(_ text: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.writeSafetensors(header: text, data: [0])
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        #expect(error?.code == .invalidHeader)
        #expect(error?.message.hasPrefix("the header is not JSON") == true, "\(error?.description ?? "")")
    }

    @Test("Bytes that are not UTF-8 are refused")
    func refusesBrokenUTF8() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "m",
            [8, 0, 0, 0, 0, 0, 0, 0] + Array("{\"".utf8) + [0xFF, 0xFE] + Array("\":1}".utf8)
        )
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
        #expect(error?.message.contains("UTF-8") == true)
    }

    @Test("White space, padding and escapes of the header are understood")
    func readsEscapes() throws {
        let folder = try TemporaryFolder()
        let header =
            "{ \"__metadata__\" : {\"k\\u00e9\\n\" : \"\\ud83e\\ude7a\\\\\\\"\\/\\t\"} ,\n\t\"\\u0061\": "
            + "{\"shape\":[ ],\"data_offsets\":[0, 4],\"dtype\":\"F32\"} }      "
        let file = try SafetensorsFile(path: folder.writeSafetensors(header: header, data: [0, 0, 128, 63]))
        #expect(file.metadata == ["k\u{e9}\n": "\u{1FA7A}\\\"/\t"])
        #expect(file.entry("a")?.shape == [])
        #expect(try file.float32("a", expectedShape: []) == [1])
    }

    @Test("Tensors without elements and files without tensors are good files")
    func emptyTensors() throws {
        let folder = try TemporaryFolder()
        let header = "{\(Self.tensor("none", shape: "[0,7]", offsets: "[0,0]")),\(Self.tensor("some"))}"
        let file = try SafetensorsFile(
            path: folder.writeSafetensors(header: header, data: Array(repeating: 0, count: 8))
        )
        #expect(try file.float32("none", expectedShape: [0, 7]) == [])
        #expect(try file.float32("some") == [0, 0])
        #expect(try SafetensorsFile(path: folder.writeSafetensors("e", header: "{}")).entries.isEmpty)
    }
}
