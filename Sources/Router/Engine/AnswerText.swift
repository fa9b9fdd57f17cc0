package import Model

/// Turns one sequence's tokens into the text its caller sees: whole characters, without the stop text, without white
/// space at either end (the published evaluation strips it too).
///
/// A value: tokens in, text out.
package struct AnswerText: Sendable {
    private var detokenizer: StreamingDetokenizer
    private let stops: [[Unicode.Scalar]]
    private var pending: [Unicode.Scalar] = []
    private var started = false
    /// Whether a stop text was met; nothing is emitted after it.
    package private(set) var isStopped = false

    /// Starts an answer; empty stop texts are ignored.
    package init(detokenizer: StreamingDetokenizer, stop: [String]) {
        self.detokenizer = detokenizer
        stops = stop.filter { !$0.isEmpty }.map { Array($0.unicodeScalars) }
    }

    /// Takes the next token and returns what can be shown now.
    package mutating func append(_ id: Int) -> String {
        take(detokenizer.append(id))
    }

    /// Returns the rest when no more tokens come.
    package mutating func finish() -> String {
        take(detokenizer.finish(), isLast: true)
    }

    private mutating func take(_ piece: String, isLast: Bool = false) -> String {
        guard !isStopped else { return "" }
        pending.append(contentsOf: piece.unicodeScalars)
        if let start = earliestStop() {
            isStopped = true
            pending.removeSubrange(start...)
        }
        var keep = isStopped || isLast ? 0 : partialStopLength()
        if !started {
            // White space that may begin a stop text stays until that is clear.
            pending.removeFirst(min(pending.prefix { Self.isBlank($0) }.count, pending.count - keep))
            started = pending.contains { !Self.isBlank($0) }
        }
        // White space waits for what follows: at the end of the answer it is dropped.
        while keep < pending.count, Self.isBlank(pending[pending.count - keep - 1]) { keep += 1 }
        let shown = String(String.UnicodeScalarView(pending.dropLast(keep)))
        pending.removeFirst(pending.count - keep)
        return shown
    }

    private func earliestStop() -> Int? {
        var earliest: Int?
        for stop in stops where pending.count >= stop.count {
            for start in 0...(pending.count - stop.count) where start < (earliest ?? .max) {
                if pending[start..<start + stop.count].elementsEqual(stop) { earliest = start }
            }
        }
        return earliest
    }

    /// How many scalars at the end may be the beginning of a stop text.
    private func partialStopLength() -> Int {
        var longest = 0
        for stop in stops {
            for length in stride(from: min(stop.count - 1, pending.count), to: longest, by: -1)
            where pending.suffix(length).elementsEqual(stop.prefix(length)) {
                longest = length
                break
            }
        }
        return longest
    }

    /// What Python's `str.strip` removes.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }
}
