internal import Foundation

extension MergeTable {
    /// Reads `merges.txt`: a version line, then one merge a line, two tokens with a space between, best rank first.
    ///
    /// Both tokens and what they make together must be in the vocabulary.
    init(data: Data, ids: [String: Int]) throws(TokenizerError) {
        let file = TokenizerFiles.Name.merges
        let lines = String(decoding: data, as: UTF8.self).utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        self.init(capacity: min(lines.count, ids.count))
        for (index, wholeLine) in lines.enumerated() {
            let line = wholeLine.last == 0x0D ? wholeLine.dropLast() : wholeLine
            if index == 0, line.starts(with: "#version".utf8) { continue }
            if index == lines.count - 1, line.isEmpty { continue }

            let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
            guard parts.count == 2, let left = parts.first, let right = parts.last, !left.isEmpty, !right.isEmpty else {
                throw TokenizerError(
                    .invalidMerge,
                    file: file,
                    line: index + 1,
                    message: "expected two tokens with one space between, found \(parts.count) parts"
                )
            }
            let names = (left: String(Substring(left)), right: String(Substring(right)))
            try append(names, ids: ids, file: file, line: index + 1)
        }
    }
    /// Takes over the merges of `tokenizer.json`, best rank first.
    init(_ json: TokenizerJSON) throws(TokenizerError) {
        self.init(capacity: json.merges.count)
        for merge in json.merges { try append(merge, ids: json.ids, file: TokenizerFiles.Name.tokenizer, line: nil) }
    }

    private mutating func append(
        _ names: (left: String, right: String),
        ids: [String: Int],
        file: String,
        line: Int?
    ) throws(TokenizerError) {
        guard let left = ids[names.left], let right = ids[names.right], let result = ids[names.left + names.right]
        else {
            throw TokenizerError(
                .invalidMerge,
                file: file,
                line: line,
                message: "expected merges of tokens of the vocabulary that make a third one together, found one that "
                    + "is not there; take both from the same tokenizer"
            )
        }
        guard append(Int32(left), Int32(right), result: Int32(result)) else {
            throw TokenizerError(
                .invalidMerge,
                file: file,
                line: line,
                message: "expected each merge once, found one that stands at an earlier place too"
            )
        }
    }
}
