import Chaos
import NIOCore
import Testing

@Suite struct DelayLineTests {
    static let start = ContinuousClock.now

    static func conditions(_ change: (inout ProxyConditions) -> Void) -> ProxyConditions {
        var conditions = ProxyConditions()
        change(&conditions)
        return conditions
    }

    /// What comes out for pieces of ten bytes, each of its own number, that come in at once.
    static func pass(_ count: UInt8, _ conditions: ProxyConditions, seed: UInt64 = 1) -> [DelayLine.Piece] {
        var line = DelayLine(seed: seed, now: start)
        return (0..<count).flatMap { number in
            line.take(ByteBuffer(repeating: number, count: 10), conditions, now: start)
        }
    }

    static func numbers(_ pieces: [DelayLine.Piece]) -> [UInt8] {
        pieces.compactMap { $0.bytes?.getInteger(at: 0, as: UInt8.self) }
    }

    @Test("A network without faults carries everything at once and in order")
    func plain() {
        let pieces = Self.pass(20, ProxyConditions())
        #expect(Self.numbers(pieces) == Array(0..<20))
        #expect(pieces.allSatisfy { $0.due == Self.start })
    }

    @Test("A delay is that of every piece, and a rate that of all bytes before")
    func delayAndRate() {
        let late = Self.pass(3, Self.conditions { $0.delay = .milliseconds(50) })
        #expect(late.allSatisfy { $0.due == Self.start + .milliseconds(50) })
        let slow = Self.pass(3, Self.conditions { $0.bytesPerSecond = 1000 })
        #expect(
            slow.map { Self.start.duration(to: $0.due) } == [.milliseconds(10), .milliseconds(20), .milliseconds(30)]
        )
    }

    @Test("What is behind a lost piece waits for it, as in TCP")
    func loss() {
        let pieces = Self.pass(200, Self.conditions { $0.lossPermille = 100 })
        #expect(Self.numbers(pieces) == Array(0..<200))
        #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.due <= $1.due })
        #expect(pieces.last?.due == Self.start + ProxyConditions.retransmission)
    }

    @Test("A reset ends the connection, a duplicate comes twice, and neighbours change places")
    func damage() throws {
        let reset = Self.pass(200, Self.conditions { $0.resetPermille = 100 })
        #expect(reset.contains { $0.bytes == nil })
        let twice = Self.numbers(Self.pass(200, Self.conditions { $0.duplicatePermille = 100 }))
        #expect(Set(twice).count == 200 && twice.count > 200)
        let swapped = Self.numbers(Self.pass(200, Self.conditions { $0.reorderPermille = 100 }))
        #expect(swapped != swapped.sorted())
        let flipped = Self.pass(100, Self.conditions { $0.corruptPermille = 1000 })
        #expect(flipped.count == 100)
        for (number, piece) in flipped.enumerated() {
            let bytes = try #require(piece.bytes)
            let bits = bytes.readableBytesView.reduce(0) { $0 + ($1 ^ UInt8(number)).nonzeroBitCount }
            #expect(bits == 1, "exactly one bit falls over")
        }
    }

    @Test("The same seed does the same harm")
    func seeded() {
        let conditions = Self.conditions { $0.duplicatePermille = 200 }
        #expect(Self.numbers(Self.pass(99, conditions)) == Self.numbers(Self.pass(99, conditions)))
        #expect(Self.numbers(Self.pass(99, conditions)) != Self.numbers(Self.pass(99, conditions, seed: 2)))
    }
}
