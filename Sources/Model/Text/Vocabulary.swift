/// The tokens of a tokenizer and their ids, put together from all files and checked.
struct Vocabulary: Sendable {
    /// No id may reach this: forty times the largest published vocabulary.
    static let idLimit = 1 << 22

    /// Id of each token, spelled as in `vocab.json`, or plain for added tokens.
    private(set) var ids: [String: Int]
    /// Tokens that are cut out of the text as a whole, by id.
    private(set) var addedTokens: [Int: AddedToken] = [:]
    /// Tokens with a role; decoding skips them on request.
    private(set) var specialIDs: Set<Int> = []
    /// Added tokens that decoding sets apart from their neighbours by spaces.
    private(set) var setApartIDs: Set<Int> = []
    /// Id of the token for each role that has one.
    private(set) var roleIDs: [String: Int] = [:]
    /// The text of each id as bytes, one after the other; empty for ids without a token.
    private var text: [UInt8] = []
    private var textStarts: [Int] = []

    /// Highest id in use.
    var highestID: Int { textStarts.count - 2 }

    /// Reads and joins the files of a folder.
    init(files: TokenizerFiles, configuration: TokenizerConfiguration) throws(TokenizerError) {
        ids = try files.required([String: Int].self, from: TokenizerFiles.Name.vocabulary)
        var tokens = try Self.tokensByID(ids, file: TokenizerFiles.Name.vocabulary)
        let plainCount = ids.count
        var roles = configuration.roles

        if let listed = configuration.addedTokens {
            for (id, token) in listed.sorted(by: { $0.key < $1.key }) {
                try add(token, id: id, file: TokenizerFiles.Name.configuration, to: &tokens)
            }
        } else {
            // The layout from before `added_tokens_decoder`: two more files.
            let legacy = try files.optional([String: Int].self, from: TokenizerFiles.Name.addedTokens) ?? [:]
            for (content, id) in legacy.sorted(by: { $0.value < $1.value }) {
                let token = AddedToken(content: content)
                try add(token, id: id, file: TokenizerFiles.Name.addedTokens, to: &tokens)
            }
            let special = try files.optional(SpecialTokenRoles.self, from: TokenizerFiles.Name.specialTokens)
            if let special { roles = roles.overridden(by: special) }
        }

        try add(roles, keepsFlags: configuration.addedTokens != nil, to: &tokens)
        let later = Set(roles.additional.compactMap { ids[$0.content] }.filter { $0 >= plainCount })
        setApartIDs = Set(addedTokens.keys).subtracting(specialIDs).union(later)
        layOutText(of: tokens)
    }

    /// Takes over what `tokenizer.json` says; the roles of tokens stand in the other files.
    init(
        json: TokenizerJSON,
        files: TokenizerFiles,
        configuration: TokenizerConfiguration
    ) throws(TokenizerError) {
        ids = json.ids
        let file = TokenizerFiles.Name.tokenizer
        var tokens = try Self.tokensByID(ids, file: file)
        for added in json.addedTokens {
            try add(added.token, id: added.id, file: file, to: &tokens)
            if added.isSpecial { specialIDs.insert(added.id) }
        }
        var roles = configuration.roles
        if configuration.addedTokens == nil,
            let special = try files.optional(SpecialTokenRoles.self, from: TokenizerFiles.Name.specialTokens)
        {
            roles = roles.overridden(by: special)
        }
        // The token that roles fall back to is no more than a habit of the older classes.
        if ids[SpecialTokenRoles.fallback] == nil { roles = roles.withoutFallback }
        try add(roles, keepsFlags: true, to: &tokens)
        layOutText(of: tokens)
    }

    /// The bytes of a token's text; nil for an id without a token.
    func bytes(of id: Int) -> ArraySlice<UInt8>? {
        guard id >= 0, id <= highestID, textStarts[id] < textStarts[id + 1] else { return nil }
        return text[textStarts[id]..<textStarts[id + 1]]
    }

    private static func tokensByID(_ ids: [String: Int], file: String) throws(TokenizerError) -> [Int: String] {
        guard !ids.isEmpty else {
            throw TokenizerError(.invalidVocabulary, file: file, message: "expected tokens with their ids, found none")
        }
        var tokens: [Int: String] = [:]
        tokens.reserveCapacity(ids.count)
        for (token, id) in ids {
            try check(id, file: file, code: .invalidVocabulary)
            guard !token.isEmpty else {
                throw TokenizerError(
                    .invalidVocabulary,
                    file: file,
                    message: "expected tokens with text, found an empty one with id \(id)"
                )
            }
            guard tokens.updateValue(token, forKey: id) == nil else {
                throw TokenizerError(
                    .invalidVocabulary,
                    file: file,
                    message: "expected one token for each id, found two with id \(id)"
                )
            }
        }
        return tokens
    }

    private static func check(_ id: Int, file: String, code: TokenizerError.Code) throws(TokenizerError) {
        guard id >= 0 else {
            throw TokenizerError(code, file: file, message: "expected ids from 0 on, found \(id)")
        }
        guard id < idLimit else {
            throw TokenizerError(.tooLarge, file: file, message: "expected ids below \(idLimit), found \(id)")
        }
    }

    private mutating func add(
        _ token: AddedToken,
        id: Int,
        file: String,
        to tokens: inout [Int: String]
    ) throws(TokenizerError) {
        try Self.check(id, file: file, code: .invalidAddedToken)
        guard !token.content.isEmpty else {
            throw TokenizerError(
                .invalidAddedToken,
                file: file,
                message: "expected added tokens with text, found an empty one with id \(id)"
            )
        }
        if let known = tokens[id], known != token.content {
            throw TokenizerError(
                .invalidAddedToken,
                file: file,
                message: "expected one token for each id, but id \(id) has one text here and another in the vocabulary"
            )
        }
        if let known = ids[token.content], known != id {
            throw TokenizerError(
                .invalidAddedToken,
                file: file,
                message: "expected one id for each token, but one token has id \(id) here and \(known) elsewhere"
            )
        }
        tokens[id] = token.content
        ids[token.content] = id
        addedTokens[id] = token
    }

    private mutating func add(
        _ roles: SpecialTokenRoles,
        keepsFlags: Bool,
        to tokens: inout [Int: String]
    ) throws(TokenizerError) {
        // A special token that no file numbers comes after all others.
        var nextID = ids.count
        for token in roles.all {
            let known = ids[token.content]
            let id = known ?? nextID
            if known == nil { nextID += 1 }
            let flagged = keepsFlags ? addedTokens[id] ?? token : token
            try add(flagged, id: id, file: TokenizerFiles.Name.configuration, to: &tokens)
            specialIDs.insert(id)
        }
        for name in SpecialTokenRoles.names {
            roleIDs[name] = roles.token(for: name).flatMap { ids[$0.content] }
        }
    }

    private mutating func layOutText(of tokens: [Int: String]) {
        let highest = tokens.keys.max() ?? 0
        textStarts.reserveCapacity(highest + 2)
        for id in 0...highest {
            textStarts.append(text.count)
            guard let token = tokens[id] else { continue }
            let spelled = addedTokens[id] == nil ? ByteAlphabet.decode(token) : nil
            text += spelled ?? Array(token.utf8)
        }
        textStarts.append(text.count)
    }
}
