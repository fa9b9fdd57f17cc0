/// The tokens that a tokenizer file gives a role; decoding skips them on request.
struct SpecialTokenRoles: Decodable, Sendable {
    /// The single roles in the order in which the reference tokenizer numbers new tokens.
    static let names = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]

    /// The token that begins, ends and stands for the unknown where a file says nothing about that.
    static let fallback = "<|endoftext|>"

    /// Token of each role that the file names.
    private(set) var tokens: [String: AddedToken] = [:]
    /// Special tokens without a role.
    private(set) var additional: [AddedToken] = []
    /// Roles that the file says nobody plays, by null.
    private var vacant: Set<String> = []

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { nil }
    }

    /// No roles.
    init() {}

    /// Reads the roles out of either `tokenizer_config.json` or `special_tokens_map.json`.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        for name in Self.names where container.contains(Key(stringValue: name)) {
            tokens[name] = try container.decodeIfPresent(AddedToken.self, forKey: Key(stringValue: name))
            if tokens[name] == nil { vacant.insert(name) }
        }
        let key = Key(stringValue: "additional_special_tokens")
        additional = try container.decodeIfPresent([AddedToken].self, forKey: key) ?? []
    }

    /// The roles as `other` has them, and these for what it does not mention.
    func overridden(by other: SpecialTokenRoles) -> SpecialTokenRoles {
        var result = self
        for name in Self.names where other.tokens[name] != nil || other.vacant.contains(name) {
            result.tokens[name] = other.tokens[name]
        }
        result.vacant = vacant.union(other.vacant)
        result.additional += other.additional.filter { token in !additional.contains { $0.content == token.content } }
        return result
    }

    /// The same roles, those vacant that would fall back.
    var withoutFallback: SpecialTokenRoles {
        var result = self
        result.vacant.formUnion(Self.names)
        return result
    }

    /// Every token once, by text: the single roles in order, then the others.
    ///
    /// The roles of beginning, end and unknown fall back to `<|endoftext|>`, as in the reference.
    var all: [AddedToken] {
        var seen: Set<String> = []
        let single = Self.names.compactMap { token(for: $0) }
        return (single + additional).filter { !$0.content.isEmpty && seen.insert($0.content).inserted }
    }

    /// The token of a role, or the fallback where there is one.
    func token(for role: String) -> AddedToken? {
        if let token = tokens[role] { return token }
        guard Self.names.prefix(3).contains(role), !vacant.contains(role) else { return nil }
        return AddedToken(content: Self.fallback)
    }
}
