import Evaluation
import Testing

@Suite("Damaged and hostile data files")
struct DamagedFileTests {
    static func read(_ bytes: [UInt8], _ name: String) -> EvaluationError? {
        Fixture.error { _ = try Dataset(bytes, name: name) }
    }

    @Test("A pickle that would run something is refused at that instruction")
    func code() {
        // GLOBAL 'posix system', a text, TUPLE1, REDUCE: what pickle.loads would run.
        let old =
            [0x80, 0x02] + Array("cposix\nsystem\n".utf8) + [0x55, 0x02] + Array("ls".utf8) + Array("\u{85}R.".utf8)
        // The same by STACK_GLOBAL, as protocol 4 has it.
        let new =
            [0x80, 0x04, 0x8C, 0x05] + Array("posix".utf8) + [0x8C, 0x06] + Array("system".utf8) + [0x93, 0x2E]
        for bytes in [old, new] {
            let error = Self.read(bytes, "x.pkl")
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("never done") == true)
        }
        #expect(Self.read(old, "x.pkl")?.message.contains("byte 2 ") == true)
    }

    static let pickles: [[UInt8]] = [
        [0x80], [0x80, 9, 0x2E], [0x80, 2], [0x80, 2, 0x2E], [0x80, 2, 0x4E, 0x4E, 0x2E], [0x80, 2, 0x4E, 0x2E, 0],
        [0x80, 2, 0x61], [0x80, 2, 0x65], [0x80, 2, 0x28, 0x65], [0x80, 2, 0x75], [0x80, 2, 0x73], [0x80, 2, 0x68, 0],
        [0x80, 2, 0x5D, 0x71, 0, 0x68, 0, 0x61, 0x2E], [0x80, 2, 0x71, 0], [0x80, 2, 0x58, 0xFF, 0xFF, 0xFF, 0xFF],
        [0x80, 4, 0x8D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x80, 2, 0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0x80, 2, 0x55, 1, 0xFF, 0x2E], [0x80, 2, 0x7D, 0x4B, 1, 0x4B, 2, 0x73, 0x2E], [0x80, 2, 0x5D, 0x2E],
        [0x80, 2, 0x5D, 0x4B, 1, 0x61, 0x2E], [0x80, 2, 0x7D, 0x28, 0x55, 1, 0x61, 0x75, 0x2E],
    ]

    @Test("Pickles that break off, break rules or lie about lengths are refused", arguments: pickles)
    func pickle(bytes: [UInt8]) {
        let error = Self.read(bytes, "x.pkl")
        #expect(error?.code == .invalidFile || error?.code == .invalidRecord)
    }

    @Test("Lists within lists are bounded")
    func depth() {
        let bytes: [UInt8] = [0x80, 2] + Array(repeating: 0x5D, count: 50) + Array(repeating: 0x61, count: 49) + [0x2E]
        #expect(Self.read(bytes, "x.pkl")?.code == .invalidFile)
    }

    @Test("Every cut of a pickle is refused")
    func cutPickle() throws {
        let bytes = try Fixture.read("pathvqa-protocol-4.pkl")
        for length in 1..<bytes.count { #expect(Self.read(Array(bytes.prefix(length)), "x.pkl") != nil) }
    }

    @Test("Every cut of an .npz file is refused, and no single wrong byte ends the process")
    func cutArchive() throws {
        let bytes = try Fixture.read("pneumoniamnist.npz")
        for length in stride(from: 2, to: bytes.count, by: 7) {
            #expect(Self.read(Array(bytes.prefix(length)), "pneumoniamnist.npz") != nil)
        }
        for place in 2..<bytes.count {
            var wrong = bytes
            wrong[place] ^= 0xFF
            _ = Self.read(wrong, "pneumoniamnist.npz")
        }
    }

    @Test("A byte of the pictures that changed is found by the check sum")
    func checksum() throws {
        var bytes = try Fixture.read("colours.npz")
        bytes[1000] ^= 1
        let error = Fixture.error {
            var options = Dataset.Options()
            options.labels = ["red", "green", "blue"]
            _ = try Dataset(bytes, name: "colours.npz", options: options)
        }
        #expect(error?.code == .invalidFile)
    }
}
