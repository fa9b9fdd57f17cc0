/// A byte-level byte-pair tokenizer: text to token ids and back, as the GPT-2 and CodeGen classes of the field do it.
///
/// It is read once from a checkpoint folder and never changes. Ids are those of the checkpoint's embedding rows. The
/// reference is the slow Python class, which is what the published models were trained and evaluated with; in
/// particular, numbers are not cut into single digits.
package final class ByteLevelBPE: Sendable {
    let vocabulary: Vocabulary
    let splitter: AddedTokenSplitter
    let merges: MergeTable
    /// The token of each single byte, 256 entries; below zero for a byte without one.
    let byteSymbols: [Int32]
    /// The token that stands for bytes without one.
    let unknownID: Int?
    /// Whether every encoded text gets a space in front.
    let addsPrefixSpace: Bool

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

    /// Reads `vocab.json`, `merges.txt`, and, where they are there, `tokenizer_config.json`, `added_tokens.json` and
    /// `special_tokens_map.json` of a folder.
    ///
    /// Throws `TokenizerError` with the file, and the line where there are lines, for anything absent, malformed,
    /// contradictory or beyond the limits.
    package init(folder: String) throws(TokenizerError) {
        let files = TokenizerFiles(folder: folder)
        let name = TokenizerFiles.Name.configuration
        let configuration = try files.optional(TokenizerConfiguration.self, from: name) ?? TokenizerConfiguration()
        try Self.checkClass(configuration.tokenizerClass)

        let vocabulary = try Vocabulary(files: files, configuration: configuration)
        let mergeData = try files.requiredData(TokenizerFiles.Name.merges)
        merges = try MergeTable(data: mergeData, ids: vocabulary.ids)
        splitter = AddedTokenSplitter(vocabulary.addedTokens)
        byteSymbols = ByteAlphabet.scalars.map { vocabulary.ids[String($0)].map(Int32.init) ?? -1 }
        unknownID = vocabulary.roleIDs["unk_token"]
        self.vocabulary = vocabulary
        addsPrefixSpace = configuration.addsPrefixSpace
        addsBOS = configuration.addsBOS && vocabulary.roleIDs["bos_token"] != nil
        cleansUpSpaces = configuration.cleansUpSpaces

        if unknownID == nil, let byte = byteSymbols.firstIndex(of: -1) {
            throw TokenizerError(
                .invalidVocabulary,
                file: TokenizerFiles.Name.vocabulary,
                message: "expected a token for every byte or an unknown token, found neither for byte \(byte)"
            )
        }
    }

    /// The id of a token, spelled as in `vocab.json` or, for added tokens, as people write it.
    package func id(of token: String) -> Int? { vocabulary.ids[token] }

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
