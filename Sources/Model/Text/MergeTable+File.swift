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
            guard let leftID = ids[names.left], let rightID = ids[names.right],
                let result = ids[names.left + names.right]
            else {
                throw TokenizerError(
                    .invalidMerge,
                    file: file,
                    line: index + 1,
                    message: "expected tokens of \(TokenizerFiles.Name.vocabulary) that make a third one together, "
                        + "found one that is not there; take both files from the same tokenizer"
                )
            }
            guard append(Int32(leftID), Int32(rightID), result: Int32(result)) else {
                throw TokenizerError(
                    .invalidMerge,
                    file: file,
                    line: index + 1,
                    message: "expected each merge once, found one that stands on an earlier line too"
                )
            }
        }
    }
}
