/// A token that is cut out of the text as a whole before any byte pairs are merged.
struct AddedToken: Sendable, Equatable {
    /// The text that stands for the token, as people write it.
    var content: String
    /// Whether it swallows the white space before it.
    var stripsLeft = false
    /// Whether it swallows the white space after it.
    var stripsRight = false
    /// Whether it counts only between spaces or at the edges.
    var isSingleWord = false
}

extension AddedToken: Decodable {
    // The flag `normalized` has no meaning here: byte-level tokenizers of this family normalise nothing. The flag
    // `special` is not read either: what is special follows from the roles (`eos_token` and so on).
    private enum CodingKeys: String, CodingKey {
        case content
        case stripsLeft = "lstrip"
        case stripsRight = "rstrip"
        case isSingleWord = "single_word"
    }

    /// Reads either a plain string or an object with `content` and flags.
    init(from decoder: any Decoder) throws {
        if let plain = try? decoder.singleValueContainer().decode(String.self) {
            self.init(content: plain)
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            content: try container.decode(String.self, forKey: .content),
            stripsLeft: try container.decodeIfPresent(Bool.self, forKey: .stripsLeft) ?? false,
            stripsRight: try container.decodeIfPresent(Bool.self, forKey: .stripsRight) ?? false,
            isSingleWord: try container.decodeIfPresent(Bool.self, forKey: .isSingleWord) ?? false,
        )
    }
}
