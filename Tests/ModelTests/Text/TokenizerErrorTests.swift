internal import Foundation
internal import Model
internal import Testing

@Suite("Tokenizer files that are wrong")
struct TokenizerErrorTests {
    /// Files that differ from good ones, and the refusal they earn.
    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var files: [String: String]
        var code: TokenizerError.Code
        var file: String
        var line: Int?
    }

    private static let good = [
        "vocab.json": #"{"<|endoftext|>":0,"a":1,"b":2,"ab":3,"abb":4}"#,
        "merges.txt": "#version: 0.2\na b\nab b\n",
    ]

    private static func vocabulary(_ what: String, _ content: String, _ code: TokenizerError.Code) -> Fault {
        Fault(testDescription: what, files: ["vocab.json": content], code: code, file: "vocab.json")
    }

    private static func merges(_ what: String, _ lines: String, line: Int) -> Fault {
        Fault(
            testDescription: what,
            files: ["merges.txt": "#version: 0.2\n" + lines],
            code: .invalidMerge,
            file: "merges.txt",
            line: line
        )
    }

    private static func configuration(_ what: String, _ content: String, _ code: TokenizerError.Code) -> Fault {
        Fault(
            testDescription: what,
            files: ["tokenizer_config.json": content],
            code: code,
            file: "tokenizer_config.json"
        )
    }

    static let faults: [Fault] = [
        vocabulary("no JSON", "{", .invalidJSON),
        vocabulary("an empty file", "", .invalidJSON),
        vocabulary("a list", "[1]", .invalidJSON),
        vocabulary("an id that is text", #"{"a":"1"}"#, .invalidJSON),
        vocabulary("an id that is a fraction", #"{"a":1.5}"#, .invalidJSON),
        vocabulary("an id past 64 bits", #"{"a":99999999999999999999}"#, .invalidJSON),
        vocabulary("no tokens", "{}", .invalidVocabulary),
        vocabulary("an id twice", #"{"a":1,"b":1}"#, .invalidVocabulary),
        vocabulary("a negative id", #"{"a":-1}"#, .invalidVocabulary),
        vocabulary("an empty token", #"{"":0}"#, .invalidVocabulary),
        vocabulary("an absurd id", #"{"a":4194304}"#, .tooLarge),
        merges("an unknown left token", "x b\n", line: 2),
        merges("an unknown right token", "a b\na x\n", line: 3),
        merges("an unknown result", "b a\n", line: 2),
        merges("one token", "a\n", line: 2),
        merges("three tokens", "a b b\n", line: 2),
        merges("an empty line inside", "a b\n\nab b\n", line: 3),
        merges("a merge twice", "a b\nab b\na b\n", line: 4),
        merges("two spaces", "a  b\n", line: 2),
        configuration("no JSON", "no", .invalidJSON),
        configuration("a flag that is text", #"{"add_bos_token":"yes"}"#, .invalidJSON),
        configuration("another class", #"{"tokenizer_class":"LlamaTokenizer"}"#, .unsupported),
        configuration("an added token without content", #"{"added_tokens_decoder":{"5":{}}}"#, .invalidJSON),
        configuration(
            "an added id that is no number",
            #"{"added_tokens_decoder":{"x":{"content":"c"}}}"#,
            .invalidJSON
        ),
        configuration("a negative added id", #"{"added_tokens_decoder":{"-5":{"content":"c"}}}"#, .invalidAddedToken),
        configuration("an absurd added id", #"{"added_tokens_decoder":{"99999999":{"content":"c"}}}"#, .tooLarge),
        configuration("an empty added token", #"{"added_tokens_decoder":{"5":{"content":""}}}"#, .invalidAddedToken),
        configuration("an added id in use", #"{"added_tokens_decoder":{"1":{"content":"c"}}}"#, .invalidAddedToken),
        configuration(
            "a known token renumbered",
            #"{"added_tokens_decoder":{"9":{"content":"a"}}}"#,
            .invalidAddedToken
        ),
        Fault(
            testDescription: "an older added id in use",
            files: ["added_tokens.json": #"{"c":2}"#],
            code: .invalidAddedToken,
            file: "added_tokens.json"
        ),
        Fault(
            testDescription: "an older list of special tokens that is no JSON",
            files: ["special_tokens_map.json": "{]"],
            code: .invalidJSON,
            file: "special_tokens_map.json"
        ),
        Fault(
            testDescription: "bytes without a token and nothing that stands for them",
            files: ["tokenizer_config.json": #"{"unk_token":null}"#],
            code: .invalidVocabulary,
            file: "vocab.json"
        ),
    ]

    @Test("The files that the faults are made from are good")
    func goodFiles() throws {
        let ids = try TextFixtures.withFolder(Self.good) { try ByteLevelBPE(folder: $0).encode("abbxb") }
        #expect(ids == [4, 0, 2])
    }

    @Test("Each fault is refused with its kind, its file and its line", arguments: faults)
    func refusal(fault: Fault) throws {
        let files = Self.good.merging(fault.files) { $1 }
        let error = try TextFixtures.withFolder(files) { folder in
            #expect(throws: TokenizerError.self) { try ByteLevelBPE(folder: folder) }
        }
        #expect(error?.code == fault.code)
        #expect(error?.file == fault.file)
        #expect(error?.line == fault.line)
        #expect(error?.description.hasPrefix(fault.file) == true)
    }

    @Test("A missing file is named", arguments: ["vocab.json", "merges.txt"])
    func missing(name: String) throws {
        let files = Self.good.filter { $0.key != name }
        let error = try TextFixtures.withFolder(files) { folder in
            #expect(throws: TokenizerError.self) { try ByteLevelBPE(folder: folder) }
        }
        #expect(error?.code == .missingFile)
        #expect(error?.file == name)
    }

    @Test("A folder that does not exist is a missing vocabulary")
    func missingFolder() {
        let error = #expect(throws: TokenizerError.self) { try ByteLevelBPE(folder: "/nowhere/at/all") }
        #expect(error?.code == .missingFile)
    }

    @Test("A folder in the place of a file is refused")
    func folderForFile() throws {
        try TextFixtures.withFolder(Self.good.filter { $0.key != "vocab.json" }) { folder in
            let url = URL(filePath: folder).appending(path: "vocab.json")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
            let error = #expect(throws: TokenizerError.self) { try ByteLevelBPE(folder: folder) }
            #expect(error?.code == .unreadableFile)
            #expect(error?.message.contains("regular file") == true)
        }
    }

    @Test("A device in the place of a file is refused before it is read")
    func deviceForFile() throws {
        try TextFixtures.withFolder(Self.good.filter { $0.key != "vocab.json" }) { folder in
            let url = URL(filePath: folder).appending(path: "vocab.json")
            try FileManager.default.createSymbolicLink(at: url, withDestinationURL: URL(filePath: "/dev/null"))
            let error = #expect(throws: TokenizerError.self) { try ByteLevelBPE(folder: folder) }
            #expect(error?.code == .unreadableFile)
            #expect(error?.message.contains("regular file") == true)
        }
    }

    @Test("A file past the size limit is refused before it is read")
    func oversized() throws {
        try TextFixtures.withFolder(Self.good) { folder in
            let handle = try FileHandle(forWritingTo: URL(filePath: folder).appending(path: "vocab.json"))
            // A hole: it takes no room on disk.
            try handle.truncate(atOffset: 1 << 40)
            try handle.close()
            let error = #expect(throws: TokenizerError.self) { try ByteLevelBPE(folder: folder) }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test("Files behind symbolic links are read, as model caches keep them")
    func links() throws {
        try TextFixtures.withFolder(Self.good) { contents in
            try TextFixtures.withFolder([:]) { folder in
                for name in Self.good.keys {
                    try FileManager.default.createSymbolicLink(
                        at: URL(filePath: folder).appending(path: name),
                        withDestinationURL: URL(filePath: contents).appending(path: name)
                    )
                }
                #expect(try ByteLevelBPE(folder: folder).encode("ab") == [3])
            }
        }
    }
}
