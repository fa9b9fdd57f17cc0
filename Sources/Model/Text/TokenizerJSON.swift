internal import Foundation
internal import Shared

/// What `tokenizer.json` says, as far as it is supported; anything else in it is refused by its name.
///
/// Supported are byte-level BPE models with the patterns of GPT-2 and of the 100k vocabularies, NFC, and added tokens
/// with all their flags. `truncation` and `padding` concern batches and are passed over.
struct TokenizerJSON {
    /// An added token with what only this file says about it.
    struct Added {
        var id: Int
        var token: AddedToken
        /// Whether it is looked for after composing.
        var isNormalized: Bool
        /// Whether decoding skips it on request.
        var isSpecial: Bool
    }

    /// Id of each token of the model, in the spelling of the byte alphabet.
    private(set) var ids: [String: Int] = [:]
    /// The merges, best rank first.
    private(set) var merges: [(left: String, right: String)] = []
    /// Whether a word that is a token is that token, whatever the merges make of it.
    private(set) var takesWholeWords = false
    /// The token that stands for bytes without one.
    private(set) var unknownToken: String?
    /// Tokens that are cut out of the text as a whole.
    private(set) var addedTokens: [Added] = []
    /// The rule by which text is cut into words.
    private(set) var pattern = TokenizerPattern.whole
    /// Whether text is composed (NFC).
    private(set) var composes = false
    /// Whether text between added tokens gets a space in front.
    private(set) var prefixesPieces = false

    /// The added tokens that are looked for after composing, by id.
    var tokensAfterComposing: [Int: AddedToken] {
        let later = addedTokens.filter(\.isNormalized)
        return Dictionary(later.map { ($0.id, $0.token) }) { first, _ in first }
    }

    /// Reads the file.
    init(data: Data) throws(TokenizerError) {
        let value: JSONValue
        do {
            value = try JSONParser.parse(Array(data))
        } catch {
            throw TokenizerError(
                .invalidJSON,
                file: TokenizerFiles.Name.tokenizer,
                message: "expected \(error.expectation) at byte \(error.offset); write the file anew"
            )
        }
        let top = try TokenizerJSONObject(value, path: "")
        try top.allowOnly([
            "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
            "decoder",
            "model",
        ])
        composes = try Self.composes(top.object("normalizer"))
        try readPreTokenizer(top.object("pre_tokenizer"))
        for name in ["post_processor", "decoder"] {
            // Of these, ByteLevel is what this tokenizer does in any case.
            try top.object(name)?.expectType(["ByteLevel"])
        }
        try readModel(top.object("model"))
        try readAddedTokens(top.list("added_tokens"))
    }
}

extension TokenizerJSON {
    private static func composes(_ normalizer: TokenizerJSONObject?) throws(TokenizerError) -> Bool {
        guard let normalizer else { return false }
        guard try normalizer.expectType(["NFC", "Sequence"]) == "Sequence" else { return true }
        var composes = false
        for part in try normalizer.objects("normalizers") where try Self.composes(part) { composes = true }
        return composes
    }

    private mutating func readModel(_ model: TokenizerJSONObject?) throws(TokenizerError) {
        guard let model else { throw TokenizerJSONObject.unsupported("model", expected: "an object", found: "null") }
        try model.expectType(["BPE"])
        try model.allowOnly([
            "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
            "byte_fallback",
            "ignore_merges", "vocab", "merges",
        ])
        for name in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
            try model.expectNothing(name)
        }
        for name in ["fuse_unk", "byte_fallback"] where try model.bool(name, default: false) {
            throw TokenizerJSONObject.unsupported("model.\(name)", expected: "false", found: "true")
        }
        takesWholeWords = try model.bool("ignore_merges", default: false)
        unknownToken = try model.string("unk_token")
        ids = try model.integers("vocab")
        for (index, merge) in try model.list("merges").enumerated() {
            guard let merge = Self.merge(merge) else {
                throw TokenizerError(
                    .invalidMerge,
                    file: TokenizerFiles.Name.tokenizer,
                    message: "expected `model.merges.\(index)` to be two tokens, as a list or with one space between; "
                        + "found something else"
                )
            }
            merges.append(merge)
        }
    }

    /// A merge in the older spelling, `"a b"`, or in the newer one, `["a", "b"]`.
    private static func merge(_ value: JSONValue) -> (left: String, right: String)? {
        switch value {
        case .string(let text):
            let parts = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
            guard parts.count == 2, let left = parts.first, let right = parts.last else { return nil }
            return (String(Substring(left)), String(Substring(right)))
        case .array(let parts):
            guard parts.count == 2, case .string(let left)? = parts.first, case .string(let right)? = parts.last else {
                return nil
            }
            return (left, right)
        default: return nil
        }
    }

    private mutating func readAddedTokens(_ list: [JSONValue]) throws(TokenizerError) {
        for (index, value) in list.enumerated() {
            let object = try TokenizerJSONObject(value, path: "added_tokens.\(index)")
            try object.allowOnly(["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"])
            guard let content = try object.string("content"), let id = try object.integer("id") else {
                throw object.failure("`id` and `content`", found: "one without")
            }
            let isSpecial = try object.bool("special", default: false)
            let isNormalized = try object.bool("normalized", default: !isSpecial)
            // Such a token is looked for in composed text, so it has to be composed itself.
            let bytes = isNormalized && composes ? TextComposer.composed(Array(content.utf8)) : Array(content.utf8)
            let token = AddedToken(
                content: String(decoding: bytes, as: UTF8.self),
                stripsLeft: try object.bool("lstrip", default: false),
                stripsRight: try object.bool("rstrip", default: false),
                isSingleWord: try object.bool("single_word", default: false),
            )
            addedTokens.append(Added(id: id, token: token, isNormalized: isNormalized, isSpecial: isSpecial))
        }
    }
}

extension TokenizerJSON {
    /// The patterns that are known, as they stand in published files.
    private static let patterns: [String: TokenizerPattern] = [
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: .gpt2,
        contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"# + marksAndSpace: .cl100k,
        contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + marksAndSpace: .arcade,
    ]
    private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    private static let marksAndSpace = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private mutating func readPreTokenizer(_ object: TokenizerJSONObject?) throws(TokenizerError) {
        guard let object else {
            throw TokenizerJSONObject.unsupported("pre_tokenizer", expected: "ByteLevel", found: "null")
        }
        var parts = [object]
        if try object.expectType(["ByteLevel", "Sequence"]) == "Sequence" {
            parts = try object.objects("pretokenizers")
        }
        guard (1...2).contains(parts.count), let last = parts.last else {
            throw object.failure("ByteLevel alone or after one Split", found: "\(parts.count) parts")
        }
        let split = parts.count == 2 ? parts.first : nil
        try last.expectType(["ByteLevel"])
        try last.allowOnly(["type", "add_prefix_space", "trim_offsets", "use_regex"])
        prefixesPieces = try last.bool("add_prefix_space", default: true)
        let usesPattern = try last.bool("use_regex", default: true)
        if let split {
            guard !usesPattern, !prefixesPieces else {
                throw last.failure("`use_regex` and `add_prefix_space` to be false after a Split", found: "true")
            }
            pattern = try Self.pattern(of: split)
        } else {
            pattern = usesPattern ? .gpt2 : .whole
        }
    }

    private static func pattern(of split: TokenizerJSONObject) throws(TokenizerError) -> TokenizerPattern {
        try split.expectType(["Split"])
        try split.allowOnly(["type", "pattern", "behavior", "invert"])
        let behavior = try split.string("behavior") ?? ""
        let isInverted = try split.bool("invert", default: false)
        // The known patterns leave nothing between their matches, so these two do the same.
        guard behavior == "Isolated" || behavior == "Removed" && isInverted else {
            throw split.failure("`behavior` to be Isolated", found: "\"\(behavior.prefix(40))\"")
        }
        let text = try split.object("pattern")?.string("Regex")
        guard let text, let pattern = patterns[text] else {
            let found = text.map { "`\($0.prefix(200))`" } ?? "none"
            throw split.failure("`pattern.Regex` to be that of GPT-2, cl100k or Arcade", found: found)
        }
        return pattern
    }
}
