/// Takes out the spaces that old word tokenizers left before punctuation and in English contractions, as text arrives.
///
/// The result is that of the replacements made one after the other over the whole text; at most the few bytes that
/// may yet turn out to be part of one are held back.
struct SpaceCleanUp: Sendable {
    private var stages = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"),
        (" n't", "n't"), (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { Replacement(pattern: $0.0, substitute: $0.1) }

    /// Takes text as bytes and returns what is now certain.
    mutating func append(_ bytes: [UInt8]) -> [UInt8] {
        run(bytes, ends: false)
    }

    /// Ends the text and returns what was held back.
    mutating func finish() -> [UInt8] {
        run([], ends: true)
    }

    private mutating func run(_ bytes: [UInt8], ends: Bool) -> [UInt8] {
        var bytes = bytes
        for index in stages.indices {
            bytes = stages[index].append(bytes)
            if ends { bytes += stages[index].finish() }
        }
        return bytes
    }
}

/// Replaces one short pattern wherever it occurs, from left to right, as text arrives.
private struct Replacement: Sendable {
    private let pattern: [UInt8]
    private let substitute: [UInt8]
    /// The beginning of the pattern that the text ends with.
    private var held: [UInt8] = []

    init(pattern: String, substitute: String) {
        self.pattern = Array(pattern.utf8)
        self.substitute = Array(substitute.utf8)
    }

    mutating func append(_ bytes: [UInt8]) -> [UInt8] {
        guard !held.isEmpty || bytes.contains(where: { $0 == pattern.first }) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for byte in bytes {
            held.append(byte)
            while !pattern.starts(with: held) { result.append(held.removeFirst()) }
            guard held.count == pattern.count else { continue }
            result += substitute
            held.removeAll()
        }
        return result
    }

    mutating func finish() -> [UInt8] {
        defer { held.removeAll() }
        return held
    }
}
