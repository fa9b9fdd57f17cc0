/// Why the tokenizer files of a checkpoint cannot be used: which file, where in it, and what to do.
package struct TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: String, Sendable {
        /// A file that the tokenizer needs is absent.
        case missingFile
        /// A file is there but cannot be read.
        case unreadableFile
        /// A file, an id or a count is beyond a limit.
        case tooLarge
        /// A file is not JSON, or its JSON has another shape than expected.
        case invalidJSON
        /// `vocab.json` contradicts itself or lacks what every text needs.
        case invalidVocabulary
        /// A line of `merges.txt` is malformed or names a token that the vocabulary lacks.
        case invalidMerge
        /// An added or special token contradicts the vocabulary.
        case invalidAddedToken
        /// The files ask for a tokenizer of another kind.
        case unsupported
    }

    /// What kind of refusal this is.
    package let code: Code
    /// Name of the file that is at fault, without its folder.
    package let file: String
    /// Line of the file, counted from 1, where that helps.
    package let line: Int?
    /// One sentence: what was expected, what came, what to do.
    package let message: String

    /// Makes an error about one file.
    package init(_ code: Code, file: String, line: Int? = nil, message: String) {
        self.code = code
        self.file = file
        self.line = line
        self.message = message
    }

    /// `merges.txt:12: ...`.
    package var description: String {
        if let line { "\(file):\(line): \(message)" } else { "\(file): \(message)" }
    }
}
