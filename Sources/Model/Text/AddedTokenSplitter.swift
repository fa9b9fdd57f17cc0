/// Finds added tokens in text: the leftmost first, and of those that start together the longest.
struct AddedTokenSplitter: Sendable {
    /// One part of a text.
    struct Piece: Equatable {
        /// Its bytes, valid UTF-8.
        var bytes: ArraySlice<UInt8>
        /// The added token that it is; nil for ordinary text.
        var id: Int?
    }

    let tokens: [Int: AddedToken]
    private let hasFlags: Bool
    private let flagsAreExact: Bool
    /// The tree of all tokens: number of a node and next byte, to the next node.
    private var children = IntegerTable(capacity: 0)
    /// The token that ends at each node.
    private var ends: [Int?] = [nil]
    private var ids: [[UInt8]: Int] = [:]
    private var startsToken = Array(repeating: false, count: 256)

    /// Knows the given tokens by their ids.
    ///
    /// With `flagsAreExact` the flags are read as `tokenizer.json` means them, else as the older Python classes do.
    init(_ tokens: [Int: AddedToken], flagsAreExact: Bool = false) {
        self.tokens = tokens
        self.flagsAreExact = flagsAreExact
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
            if let child = child(of: node, byte) {
                node = child
            } else {
                _ = children.insert(UInt64(node) << 8 | UInt64(byte), UInt64(ends.count))
                node = ends.count
                ends.append(nil)
            }
        }
        ends[node] = id
    }

    private func child(of node: Int, _ byte: UInt8) -> Int? {
        let child = children[UInt64(node) << 8 | UInt64(byte)]
        return child == IntegerTable.none ? nil : Int(child)
    }

    /// Cuts `text` (valid UTF-8) into added tokens and what lies between, in order, without stripped white space.
    ///
    /// A token that counts only as a single word and touches other text becomes part of that text.
    func split(_ text: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        var textStart = 0
        var position = 0
        while position < text.count {
            guard startsToken[Int(text[position])], var match = longestMatch(in: text, at: position) else {
                position += 1
                continue
            }
            position = match.bytes.endIndex
            if hasFlags, flagsAreExact {
                guard let grown = grown(match, in: text, after: textStart) else { continue }
                match = grown
            }
            // The search goes on behind the match itself: a token in the white space that this one took counts as well.
            let start = match.bytes.startIndex
            if textStart < start { pieces.append(Piece(bytes: text[textStart..<start])) }
            pieces.append(match)
            textStart = match.bytes.endIndex
        }
        if textStart < text.count { pieces.append(Piece(bytes: text[textStart...])) }
        return hasFlags && !flagsAreExact ? applyFlags(to: pieces) : pieces
    }

    private func longestMatch(in text: [UInt8], at start: Int) -> Piece? {
        var node = 0
        var position = start
        var match: Piece?
        while position < text.count, let child = child(of: node, text[position]) {
            node = child
            position += 1
            if let id = ends[node] { match = Piece(bytes: text[start..<position], id: id) }
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
