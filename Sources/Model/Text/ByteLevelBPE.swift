/// A byte-level byte-pair tokenizer: text to token ids and back, as the GPT-2 and CodeGen classes of the field do it.
///
/// It is read once from a checkpoint folder and never changes. Ids are those of the checkpoint's embedding rows. The
/// reference is the slow Python class, which is what the published models were trained and evaluated with; in
/// particular, numbers are not cut into single digits.
///
/// A folder with a `tokenizer.json` is read as that file says, to the reference of which it then keeps: the file's
/// vocabulary, merges, added tokens, pattern and composing count, and `vocab.json`, `merges.txt` and the lists of added
/// tokens in other files are not looked at, so they cannot contradict it. What `tokenizer.json` cannot say is taken from
/// `tokenizer_config.json` and `special_tokens_map.json`: which tokens play a role, whether a text gets a beginning, and
/// whether decoding cleans up spaces.
package final class ByteLevelBPE: Sendable {
    let vocabulary: Vocabulary
    /// Finds the added tokens in a text.
    let splitter: AddedTokenSplitter
    /// Finds those that `tokenizer.json` wants looked for after composing; nil where there are none.
    let laterSplitter: AddedTokenSplitter?
    /// What is composed (NFC) before it is cut into words.
    let composition: Extent
    /// What gets a space in front.
    let prefix: Extent
    let preTokenizer: PreTokenizer
    let words: WordTable
    let merges: MergeTable
    /// The token of each single byte, 256 entries; below zero for a byte without one.
    let byteSymbols: [Int32]
    /// The token that stands for bytes without one.
    let unknownID: Int?

    /// What something is done to before words are cut.
    enum Extent {
        case nothing
        /// The whole text, before added tokens are looked for.
        case text
        /// Each piece between added tokens.
        case piece
    }

    /// Whether decoding takes out spaces before punctuation and in English contractions.
    package let cleansUpSpaces: Bool
    /// Whether every encoded text starts with `bosTokenID`.
    package let addsBOS: Bool

    /// Number of tokens, as the reference counts them: from the vocabulary, added, and special.
    ///
    /// Embedding rows from here on belong to no token and must never be chosen.
    package var vocabularySize: Int { vocabulary.ids.count }
    /// The token that ends a text; nil when the checkpoint says there is none.
    package var eosTokenID: Int? { vocabulary.roleIDs["eos_token"] }
    /// The token that begins a text; nil when the checkpoint says there is none.
    package var bosTokenID: Int? { vocabulary.roleIDs["bos_token"] }

    /// The rule by which text is cut into words.
    package var pattern: TokenizerPattern { preTokenizer.pattern }

    /// Reads `tokenizer.json` or else `vocab.json`, `merges.txt` and, where it is there, `added_tokens.json`, and with
    /// either, where they are there, `tokenizer_config.json` and `special_tokens_map.json` of a folder.
    ///
    /// The class that `tokenizer_config.json` names counts only without a `tokenizer.json`. A `pattern` replaces the one
    /// that the files ask for, `gpt2` where they say nothing; composing comes and goes with it. Throws `TokenizerError`
    /// with the file, and the line where there are lines, for anything absent, malformed, contradictory, unsupported or
    /// beyond the limits.
    package init(folder: String, pattern: TokenizerPattern? = nil) throws(TokenizerError) {
        let files = TokenizerFiles(folder: folder)
        let name = TokenizerFiles.Name.configuration
        let configuration = try files.optional(TokenizerConfiguration.self, from: name) ?? TokenizerConfiguration()
        let vocabulary: Vocabulary
        let vocabularyFile: String
        var takesWholeWords = false
        if let data = try files.optionalData(TokenizerFiles.Name.tokenizer) {
            let json = try TokenizerJSON(data: data)
            vocabulary = try Vocabulary(json: json, files: files, configuration: configuration)
            vocabularyFile = TokenizerFiles.Name.tokenizer
            merges = try MergeTable(json)
            let later = json.tokensAfterComposing
            splitter = AddedTokenSplitter(vocabulary.addedTokens.filter { later[$0.key] == nil }, flagsAreExact: true)
            laterSplitter = later.isEmpty ? nil : AddedTokenSplitter(later, flagsAreExact: true)
            preTokenizer = PreTokenizer(pattern: pattern ?? json.pattern)
            composition =
                if let pattern { pattern == .arcade ? .piece : .nothing } else { json.composes ? .piece : .nothing }
            prefix = json.prefixesPieces ? .piece : .nothing
            unknownID = json.unknownToken.flatMap { vocabulary.ids[$0] }
            takesWholeWords = json.takesWholeWords
        } else {
            try Self.checkClass(configuration.tokenizerClass)
            vocabulary = try Vocabulary(files: files, configuration: configuration)
            vocabularyFile = TokenizerFiles.Name.vocabulary
            merges = try MergeTable(data: try files.requiredData(TokenizerFiles.Name.merges), ids: vocabulary.ids)
            splitter = AddedTokenSplitter(vocabulary.addedTokens)
            laterSplitter = nil
            preTokenizer = PreTokenizer(pattern: pattern ?? .gpt2)
            composition = pattern == .arcade ? .text : .nothing
            prefix = configuration.addsPrefixSpace ? .text : .nothing
            unknownID = vocabulary.roleIDs["unk_token"]
        }
        byteSymbols = ByteAlphabet.scalars.map { vocabulary.ids[String($0)].map(Int32.init) ?? -1 }
        words = WordTable(vocabulary.ids, merges: merges, bytes: byteSymbols, takesAll: takesWholeWords)
        self.vocabulary = vocabulary
        addsBOS = configuration.addsBOS && vocabulary.roleIDs["bos_token"] != nil
        cleansUpSpaces = configuration.cleansUpSpaces

        if unknownID == nil, let byte = byteSymbols.firstIndex(of: -1) {
            throw TokenizerError(
                .invalidVocabulary,
                file: vocabularyFile,
                message: "expected a token for every byte or an unknown token, found neither for byte \(byte)"
            )
        }
    }

    /// The id of a token, spelled as in `vocab.json` or, for added tokens, as people write it.
    package func id(of token: String) -> Int? { vocabulary.ids[token] }

    /// Whether an id has a token.
    package func hasToken(_ id: Int) -> Bool { vocabulary.bytes(of: id) != nil }

    /// Whether a token plays a role (beginning, end, padding, ...), so that it is no part of an answer's text.
    package func isSpecial(_ id: Int) -> Bool { vocabulary.specialIDs.contains(id) }

    /// Turns away the classes that cut text by other rules: their ids would look right and be wrong.
    private static func checkClass(_ name: String?) throws(TokenizerError) {
        let supported = ["GPT2Tokenizer", "GPT2TokenizerFast", "CodeGenTokenizer", "CodeGenTokenizerFast"]
        guard let name, !supported.contains(name) else { return }
        throw TokenizerError(
            .unsupported,
            file: TokenizerFiles.Name.configuration,
            message: "expected `tokenizer_class` to be one of \(supported.joined(separator: ", ")), "
                + "found \"\(name.prefix(80))\"; convert the tokenizer to one of these"
        )
    }
}
