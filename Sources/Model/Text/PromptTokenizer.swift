/// Turns a prompt in which `<image>` marks the places of images into token ids.
package struct PromptTokenizer: Sendable {
    /// What stands in a prompt for an image.
    package static let imageMarker = "<image>"
    /// What stands among token ids for an image, until its embeddings take the place.
    package static let imageSentinel = -200

    private let tokenizer: ByteLevelBPE

    /// Uses this tokenizer for the text between the images.
    package init(tokenizer: ByteLevelBPE) {
        self.tokenizer = tokenizer
    }

    /// The token ids of a prompt, `imageSentinel` for every marker.
    ///
    /// The texts before, between and after the markers are tokenized each for itself, as in the reference; a token for
    /// the beginning, if the checkpoint wants one, comes once.
    package func encode(_ prompt: String) -> [Int] {
        var ids: [Int] = []
        if tokenizer.addsBOS, let beginning = tokenizer.bosTokenID { ids.append(beginning) }
        for (index, part) in Self.parts(of: prompt).enumerated() {
            if index > 0 { ids.append(Self.imageSentinel) }
            ids += tokenizer.encodeWithoutBOS(part)
        }
        return ids
    }

    /// How many images a prompt or a message has room for.
    package static func imageCount(in text: String) -> Int {
        parts(of: text).count - 1
    }

    /// The texts around the markers, one more than there are markers.
    private static func parts(of text: String) -> [String] {
        // By bytes: a combining mark after the marker must not hide it.
        let bytes = text.utf8
        let marker = imageMarker.utf8
        var parts: [String] = []
        var start = bytes.startIndex
        var position = bytes.startIndex
        while position < bytes.endIndex {
            if bytes[position] == marker.first, bytes[position...].starts(with: marker) {
                parts.append(String(Substring(bytes[start..<position])))
                position = bytes.index(position, offsetBy: marker.count)
                start = position
            } else {
                position = bytes.index(after: position)
            }
        }
        parts.append(String(Substring(bytes[start...])))
        return parts
    }
}
