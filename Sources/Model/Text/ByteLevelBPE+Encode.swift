extension ByteLevelBPE {
    /// The token ids of a text, added and special tokens in it recognised.
    ///
    /// Costs n log n at worst, also for a text that is one endless word.
    package func encode(_ text: String) -> [Int] {
        (addsBOS ? bosTokenID.map { [$0] } ?? [] : []) + encodeWithoutBOS(text)
    }

    /// The token ids of a part of a text, which never gets a beginning.
    package func encodeWithoutBOS(_ text: String) -> [Int] {
        var bytes = Array((prefix == .text ? " " + text : text).utf8)
        if composition == .text { bytes = TextComposer.composed(bytes) }
        var ids: [Int] = []
        ids.reserveCapacity(bytes.count / 3)
        var word = MergeWord()
        for piece in splitter.split(bytes) {
            if let id = piece.id {
                ids.append(id)
            } else if composition != .piece, laterSplitter == nil, prefix != .piece {
                appendWords(of: piece.bytes.span, to: &ids, word: &word)
            } else {
                appendPieces(of: Array(piece.bytes), to: &ids, word: &word)
            }
        }
        return ids
    }

    /// What `tokenizer.json` may ask for between the first added tokens and the words.
    private func appendPieces(of bytes: [UInt8], to ids: inout [Int], word: inout MergeWord) {
        let composed = composition == .piece ? TextComposer.composed(bytes) : bytes
        for piece in laterSplitter?.split(composed) ?? [AddedTokenSplitter.Piece(bytes: composed[...])] {
            if let id = piece.id {
                ids.append(id)
            } else {
                let isPrefixed = prefix == .piece && piece.bytes.first != UInt8(ascii: " ")
                let text = isPrefixed ? [UInt8(ascii: " ")] + piece.bytes : piece.bytes
                appendWords(of: text.span, to: &ids, word: &word)
            }
        }
    }

    private func appendWords(of bytes: Span<UInt8>, to ids: inout [Int], word: inout MergeWord) {
        var start = 0
        while start < bytes.count {
            let end = preTokenizer.wordEnd(in: bytes, from: start)
            let text = bytes.extracting(start..<end)
            if let id = words.id(of: text) { ids.append(id) } else { appendMerged(text, to: &ids, word: &word) }
            start = end
        }
    }

    private func appendMerged(_ text: Span<UInt8>, to ids: inout [Int], word: inout MergeWord) {
        word.symbols.removeAll(keepingCapacity: true)
        for index in 0..<text.count { word.symbols.append(byteSymbols[Int(text[index])]) }
        merges.apply(to: &word)
        for symbol in word.symbols {
            if symbol >= 0 {
                ids.append(Int(symbol))
            } else if let unknownID {
                ids.append(unknownID)
            }
        }
    }
}
