extension ByteLevelBPE {
    /// The token ids of a text, added and special tokens in it recognised.
    ///
    /// Costs n log n at worst, also for a text that is one endless word.
    package func encode(_ text: String) -> [Int] {
        (addsBOS ? bosTokenID.map { [$0] } ?? [] : []) + encodeWithoutBOS(text)
    }

    /// The token ids of a part of a text, which never gets a beginning.
    func encodeWithoutBOS(_ text: String) -> [Int] {
        let bytes = Array((addsPrefixSpace ? " " + text : text).utf8)
        var ids: [Int] = []
        ids.reserveCapacity(bytes.count / 3)
        for piece in splitter.split(bytes) {
            if let id = piece.id {
                ids.append(id)
            } else {
                for word in PreTokenizer(piece.bytes) { append(word, to: &ids) }
            }
        }
        return ids
    }

    private func append(_ word: ArraySlice<UInt8>, to ids: inout [Int]) {
        var symbols = word.map { byteSymbols[Int($0)] }
        merges.apply(to: &symbols)
        for symbol in symbols {
            if symbol >= 0 {
                ids.append(Int(symbol))
            } else if let unknownID {
                ids.append(unknownID)
            }
        }
    }
}
