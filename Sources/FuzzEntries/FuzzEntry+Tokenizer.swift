internal import Model

extension FuzzEntry {
    /// The files of a tokenizer and a text, which is then taken apart and put together again.
    ///
    /// The parts are `vocab.json`, `merges.txt`, the text, `tokenizer_config.json`, `special_tokens_map.json`,
    /// `added_tokens.json` and `tokenizer.json`; those at the end may be absent, and an empty last one is. A text of an
    /// odd number of bytes is cut as the files say, another one by Arcade's rule.
    static let tokenizer = FuzzEntry("tokenizer") { input, folder in
        let parts = parts(of: input, 7)
        folder.put("vocab.json", parts[0])
        folder.put("merges.txt", parts[1])
        folder.put("tokenizer_config.json", parts[3])
        folder.put("special_tokens_map.json", parts[4])
        folder.put("added_tokens.json", parts[5])
        folder.put("tokenizer.json", parts[6].flatMap { $0.isEmpty ? nil : $0 })
        let bytes = parts[2] ?? []
        let pattern: TokenizerPattern? = bytes.count.isMultiple(of: 2) ? .arcade : nil
        guard let tokenizer = try? ByteLevelBPE(folder: folder.path, pattern: pattern) else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        let ids = tokenizer.encode(text) + PromptTokenizer(tokenizer: tokenizer).encode(text)
        _ = tokenizer.decode(ids, skipSpecialTokens: false)
        _ = tokenizer.decode(ids, skipSpecialTokens: true, cleansUpSpaces: true)
        var stream = StreamingDetokenizer(tokenizer: tokenizer)
        for id in ids { _ = stream.append(id) }
        _ = stream.finish()
    }
}
