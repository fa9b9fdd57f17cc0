/// Finds added tokens in text: the leftmost first, and of those that start together the longest.
struct AddedTokenSplitter: Sendable {
    /// One part of a text.
    struct Piece: Equatable {
        /// Its bytes, valid UTF-8.
        var bytes: ArraySlice<UInt8>
        /// The added token that it is; nil for ordinary text.
        var id: Int?
    }

    private struct Node {
        var children: [UInt8: Int] = [:]
        var id: Int?
    }

    private let tokens: [Int: AddedToken]
    private let hasFlags: Bool
    private var nodes = [Node()]
    private var ids: [[UInt8]: Int] = [:]
    private var startsToken = Array(repeating: false, count: 256)

    /// Knows the given tokens by their ids.
    init(_ tokens: [Int: AddedToken]) {
        self.tokens = tokens
        hasFlags = tokens.values.contains { $0.stripsLeft || $0.stripsRight || $0.isSingleWord }
        for (id, token) in tokens {
            let bytes = Array(token.content.utf8)
            guard let first = bytes.first else { continue }
            startsToken[Int(first)] = true
            ids[bytes] = id
            insert(bytes, id: id)
        }
    }

    private mutating func insert(_ bytes: [UInt8], id: Int) {
        var node = 0
        for byte in bytes {
            if let child = nodes[node].children[byte] {
                node = child
            } else {
                nodes[node].children[byte] = nodes.count
                node = nodes.count
                nodes.append(Node())
            }
        }
        nodes[node].id = id
    }

    /// Cuts `text` (valid UTF-8) into added tokens and what lies between, in order, without stripped white space.
    ///
    /// A token that counts only as a single word and touches other text becomes part of that text.
    func split(_ text: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        var textStart = 0
        var position = 0
        while position < text.count {
            guard startsToken[Int(text[position])], let match = longestMatch(in: text, at: position) else {
                position += 1
                continue
            }
            if textStart < position { pieces.append(Piece(bytes: text[textStart..<position])) }
            pieces.append(match)
            position = match.bytes.endIndex
            textStart = position
        }
        if textStart < text.count { pieces.append(Piece(bytes: text[textStart...])) }
        return hasFlags ? applyFlags(to: pieces) : pieces
    }

    private func longestMatch(in text: [UInt8], at start: Int) -> Piece? {
        var node = 0
        var position = start
        var match: Piece?
        while position < text.count, let child = nodes[node].children[text[position]] {
            node = child
            position += 1
            if let id = nodes[node].id { match = Piece(bytes: text[start..<position], id: id) }
        }
        return match
    }

    private func applyFlags(to cut: [Piece]) -> [Piece] {
        var pieces = cut
        for index in pieces.indices {
            let piece = pieces[index]
            guard let id = piece.id, let token = tokens[id] else { continue }
            // The neighbours as they were before this token strips them: a stripped space still parts two words.
            let left = index > 0 ? pieces[index - 1].bytes : []
            let right = index + 1 < pieces.count ? pieces[index + 1].bytes : []
            if token.stripsRight, !right.isEmpty { pieces[index + 1] = named(right.droppingLeadingWhitespace) }
            if token.stripsLeft, !left.isEmpty { pieces[index - 1] = named(left.droppingTrailingWhitespace) }
            guard token.isSingleWord else { continue }
            if let neighbour = left.last, neighbour != UInt8(ascii: " ") {
                pieces[index - 1] = named(pieces[index - 1].bytes + piece.bytes)
                pieces[index] = Piece(bytes: [])
            } else if let neighbour = right.first, neighbour != UInt8(ascii: " ") {
                pieces[index + 1] = named(piece.bytes + pieces[index + 1].bytes)
                pieces[index] = Piece(bytes: [])
            }
        }
        return pieces.filter { !$0.bytes.isEmpty }
    }

    private func named(_ bytes: ArraySlice<UInt8>) -> Piece {
        Piece(bytes: bytes, id: ids[Array(bytes)])
    }
}

extension ArraySlice<UInt8> {
    fileprivate var droppingLeadingWhitespace: Self {
        let kept = String(decoding: self, as: UTF8.self).unicodeScalars.drop { $0.isStripped }
        return suffix(String(kept).utf8.count)
    }

    fileprivate var droppingTrailingWhitespace: Self {
        let scalars = String(decoding: self, as: UTF8.self).unicodeScalars
        guard let last = scalars.lastIndex(where: { !$0.isStripped }) else { return [] }
        return prefix(String(scalars[...last]).utf8.count)
    }
}

extension Unicode.Scalar {
    /// White space, and the four separators of ASCII, which the reference tokenizer strips as well.
    fileprivate var isStripped: Bool {
        properties.isWhitespace || (0x1C...0x1F).contains(value)
    }
}
