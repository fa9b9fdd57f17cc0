/// Turns token ids into text one at a time, handing out only what no later token can change.
///
/// All pieces and the last one from `finish()` together are exactly what `ByteLevelBPE.decode` gives for all ids.
package struct StreamingDetokenizer: Sendable {
    private let tokenizer: ByteLevelBPE
    private let skipSpecialTokens: Bool
    private var assembler = UTF8Assembler()
    private var cleanUp: SpaceCleanUp?
    /// Whether any text has come, so that the next part needs a space before it.
    private var hasText = false
    /// Whether the last token was ordinary text, to which more may be joined.
    private var isInText = false

    /// Starts a text; the checkpoint's tokenizer decides about clean-up of spaces.
    package init(tokenizer: ByteLevelBPE, skipSpecialTokens: Bool = true) {
        self.init(
            tokenizer: tokenizer,
            skipSpecialTokens: skipSpecialTokens,
            cleansUpSpaces: tokenizer.cleansUpSpaces,
        )
    }

    init(tokenizer: ByteLevelBPE, skipSpecialTokens: Bool, cleansUpSpaces: Bool) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
        cleanUp = cleansUpSpaces ? SpaceCleanUp() : nil
    }

    /// Takes the next id and returns the text that is now certain, possibly none.
    package mutating func append(_ id: Int) -> String {
        guard !(skipSpecialTokens && tokenizer.isSpecial(id)), let token = tokenizer.vocabulary.bytes(of: id) else {
            return ""
        }
        var bytes: [UInt8] = []
        if tokenizer.vocabulary.setApartIDs.contains(id) {
            bytes += assembler.finish() + separator + token
            isInText = false
        } else {
            if !isInText { bytes += separator }
            bytes += assembler.append(token)
            isInText = true
        }
        hasText = true
        return String(decoding: cleanUp?.append(bytes) ?? bytes, as: UTF8.self)
    }

    /// Ends the text and returns the rest of it; afterwards a new text may begin.
    package mutating func finish() -> String {
        var bytes = assembler.finish()
        if let certain = cleanUp?.append(bytes), let rest = cleanUp?.finish() { bytes = certain + rest }
        hasText = false
        isInText = false
        return String(decoding: bytes, as: UTF8.self)
    }

    private var separator: [UInt8] { hasText ? [UInt8(ascii: " ")] : [] }
}
