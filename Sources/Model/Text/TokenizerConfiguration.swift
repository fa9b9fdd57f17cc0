/// What `tokenizer_config.json` says, with the defaults of the reference tokenizer for what it leaves out.
struct TokenizerConfiguration: Decodable, Sendable {
    /// Class of the reference tokenizer.
    var tokenizerClass: String?
    /// Whether every encoded text starts with the token for a beginning.
    var addsBOS: Bool
    /// Whether every encoded text gets a space in front.
    var addsPrefixSpace: Bool
    /// Whether decoding takes out spaces before punctuation and English contractions.
    var cleansUpSpaces: Bool
    /// Added tokens by id; nil when the file has none, in which case the older files count.
    var addedTokens: [Int: AddedToken]?
    /// The tokens that play a role, as this file names them.
    var roles: SpecialTokenRoles

    private enum CodingKeys: String, CodingKey {
        case tokenizerClass = "tokenizer_class"
        case addsBOS = "add_bos_token"
        case addsPrefixSpace = "add_prefix_space"
        case cleansUpSpaces = "clean_up_tokenization_spaces"
        case addedTokens = "added_tokens_decoder"
    }

    /// Reads the fields; an absent or null field takes its default.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        tokenizerClass = try container.decodeIfPresent(String.self, forKey: .tokenizerClass)
        addsBOS = try container.decodeIfPresent(Bool.self, forKey: .addsBOS) ?? false
        addsPrefixSpace = try container.decodeIfPresent(Bool.self, forKey: .addsPrefixSpace) ?? false
        cleansUpSpaces = try container.decodeIfPresent(Bool.self, forKey: .cleansUpSpaces) ?? true
        addedTokens = try container.decodeIfPresent([Int: AddedToken].self, forKey: .addedTokens)
        roles = try SpecialTokenRoles(from: decoder)
    }

    /// The defaults, for a folder without the file.
    init() {
        addsBOS = false
        addsPrefixSpace = false
        cleansUpSpaces = true
        roles = SpecialTokenRoles()
    }
}
