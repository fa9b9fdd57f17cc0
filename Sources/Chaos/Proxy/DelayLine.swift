internal import Benchmarking
package import NIOCore
internal import Shared

/// Decides what becomes of each piece of one direction of one connection: a value without clock or socket.
package struct DelayLine {
    /// What is to be written, when; nil contents break the connection.
    package struct Piece: Sendable {
        /// When.
        package var due: ContinuousClock.Instant
        /// What.
        package var bytes: ByteBuffer?
    }

    private var generator: SplitMix64
    private var last: ContinuousClock.Instant
    private var withheld: ByteBuffer?

    /// A line on which nothing is under way.
    package init(seed: UInt64, now: ContinuousClock.Instant) {
        generator = SplitMix64(seed: seed)
        last = now
    }

    /// Takes a piece in; bytes keep their order in time, whatever each of them waits for.
    package mutating func take(
        _ bytes: ByteBuffer,
        _ conditions: ProxyConditions,
        now: ContinuousClock.Instant,
    ) -> [Piece] {
        var due = max(last, now + conditions.delay)
        if draws(conditions.lossPermille) { due = max(due, now + conditions.delay + ProxyConditions.retransmission) }
        if let rate = conditions.bytesPerSecond, rate > 0 {
            due = max(due, last) + .microseconds(Int64(bytes.readableBytes) * 1_000_000 / Int64(rate))
        }
        last = due
        if draws(conditions.resetPermille) { return [Piece(due: due, bytes: nil)] }
        var bytes = bytes
        if draws(conditions.corruptPermille) { flip(&bytes) }
        if withheld == nil, draws(conditions.reorderPermille) {
            withheld = bytes
            return []
        }
        var pieces = [Piece(due: due, bytes: bytes)]
        if draws(conditions.duplicatePermille) { pieces.append(Piece(due: due, bytes: bytes)) }
        if let former = withheld {
            pieces.append(Piece(due: due, bytes: former))
            withheld = nil
        }
        return pieces
    }

    private mutating func draws(_ permille: Int) -> Bool {
        permille > 0 && generator.next() % 1000 < UInt64(permille)
    }

    private mutating func flip(_ bytes: inout ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        let index = bytes.readerIndex + Int(generator.next() % UInt64(bytes.readableBytes))
        guard let byte = bytes.getInteger(at: index, as: UInt8.self) else { return }
        bytes.setInteger(byte ^ (1 << UInt8(generator.next() % 8)), at: index)
    }
}
