extension ByteLevelBPE {
    /// The text of token ids.
    ///
    /// Bytes that are no valid UTF-8 become U+FFFD. Added tokens that are not special stand apart by spaces, as in the
    /// reference. Ids without a token, such as the image sentinel, give no text.
    package func decode(_ ids: [Int], skipSpecialTokens: Bool) -> String {
        decode(ids, skipSpecialTokens: skipSpecialTokens, cleansUpSpaces: cleansUpSpaces)
    }

    /// The text of token ids, with the choice about spaces made by the caller.
    package func decode(_ ids: [Int], skipSpecialTokens: Bool, cleansUpSpaces: Bool) -> String {
        var detokenizer = StreamingDetokenizer(
            tokenizer: self,
            skipSpecialTokens: skipSpecialTokens,
            cleansUpSpaces: cleansUpSpaces,
        )
        var text = ""
        for id in ids { text += detokenizer.append(id) }
        return text + detokenizer.finish()
    }
}
