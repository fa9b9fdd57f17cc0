import ExpertNode
import Shared
import Testing
import Transport

@Suite("Expert batcher")
struct ExpertBatcherTests {
    static let columns = 2
    static let start = ContinuousClock.now
    static func expert(_ index: Int) -> ExpertID { ExpertID(layer: 0, slot: .routed(index)) }

    /// A dispatch of rows for experts, in the order of the message.
    static func dispatch(
        _ request: UInt64,
        _ groups: [(Int, rows: Int)],
        peer: UInt8 = 1,
        milliseconds: UInt64 = 1000,
    ) throws -> PendingDispatch {
        let message = Rows.dispatch(
            groups.map { (expert($0.0), $0.rows) },
            hiddenSize: columns,
            milliseconds: milliseconds
        )
        let bytes = try message.tensorByteCount()
        return PendingDispatch(
            peer: PeerID(bytes: [peer]),
            request: request,
            message: message,
            input: try Frame(byteCount: bytes),
            output: try Frame(byteCount: bytes),
            accepted: start,
        )
    }

    /// Takes batches until none is left, as the node does: `expert: request.group x rows, ...`.
    static func drain(_ batcher: inout ExpertBatcher) -> [String] {
        var batches: [String] = []
        while let batch = batcher.nextBatch(), batches.count < 50 {
            let parts = batch.parts.map { "\($0.dispatch.request).\($0.group)x\($0.rows)" }
            batches.append("\(batch.expert.slot): " + parts.joined(separator: ", "))
            #expect(batch.rows == batch.parts.reduce(0) { $0 + $1.rows })
            for part in batch.parts {
                part.dispatch.advance(group: part.group, rows: part.rows)
                if part.dispatch.isComplete { batcher.remove(part.dispatch) }
            }
        }
        return batches
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// Groups of each dispatch, oldest first; they are numbered from 1.
        var dispatches: [[Group]]
        var batches: [String]
        var testDescription: String { name }

        struct Group: Sendable, ExpressibleByArrayLiteral {
            var expert: Int
            var rows: Int
            init(arrayLiteral numbers: Int...) { (expert, rows) = (numbers[0], numbers[1]) }
        }
    }

    static let cases = [
        Case(name: "nothing waits", dispatches: [], batches: []),
        Case(
            name: "one dispatch, expert by expert",
            dispatches: [[[3, 2], [1, 1]]],
            batches: ["3: 1.0x2", "1: 1.1x1"]
        ),
        Case(
            name: "the oldest dispatch's expert comes first, with the rows of all others for it",
            dispatches: [[[1, 2]], [[0, 3], [1, 4]], [[1, 1], [2, 1]]],
            batches: ["1: 1.0x2, 2.1x4, 3.0x1", "0: 2.0x3", "2: 3.1x1"],
        ),
        Case(
            name: "a batch has 256 rows at most, and the rest follows",
            dispatches: [[[0, 600]]],
            batches: ["0: 1.0x256", "0: 1.0x256", "0: 1.0x88"],
        ),
        Case(
            name: "what the oldest leaves of a batch goes to the next",
            dispatches: [[[0, 250]], [[0, 10]], [[0, 5]]],
            batches: ["0: 1.0x250, 2.0x6", "0: 2.0x4, 3.0x5"],
        ),
        Case(
            name: "a long prompt does not keep a short dispatch of another expert from its turn forever",
            dispatches: [[[0, 300]], [[1, 1]]],
            batches: ["0: 1.0x256", "0: 1.0x44", "1: 2.0x1"],
        ),
        Case(
            name: "two groups of one expert in a dispatch are joined",
            dispatches: [[[0, 2], [1, 1], [0, 3]]],
            batches: ["0: 1.0x2, 1.2x3", "1: 1.1x1"],
        ),
    ]

    @Test("Rows are batched by expert", arguments: cases)
    func batches(item: Case) throws {
        var batcher = ExpertBatcher(capacityBytes: 1 << 20)
        for (index, groups) in item.dispatches.enumerated() {
            let dispatch = try Self.dispatch(UInt64(index + 1), groups.map { ($0.expert, $0.rows) })
            let fits = batcher.add(dispatch)
            #expect(fits)
        }
        let rows = item.dispatches.joined().reduce(0) { $0 + $1.rows }
        #expect(batcher.queuedRows == rows)
        #expect(batcher.queuedBytes == rows * Self.columns * 4)
        #expect(Self.drain(&batcher) == item.batches)
        #expect(batcher.isEmpty)
        #expect(batcher.queuedRows == 0)
        #expect(batcher.queuedBytes == 0)
    }

    @Test("Rows of a batch are taken where the last one ended")
    func rowPositions() throws {
        let dispatch = try Self.dispatch(1, [(0, rows: 300), (1, rows: 5)])
        #expect(dispatch.nextRow(ofGroup: 0) == 0)
        #expect(dispatch.nextRow(ofGroup: 1) == 300)
        dispatch.advance(group: 0, rows: 256)
        #expect(dispatch.nextRow(ofGroup: 0) == 256)
        #expect(dispatch.rowsLeft(inGroup: 0) == 44)
        #expect(dispatch.rowsLeft == 49)
        #expect(!dispatch.isComplete)
    }

    @Test("The queue takes as many bytes as it may, and not one row more")
    func bound() throws {
        // A row has 8 bytes.
        var batcher = ExpertBatcher(capacityBytes: 80)
        var bytes: [Int] = []
        for (request, rows) in [(1, 6), (2, 5), (3, 4), (4, 1)] as [(UInt64, Int)] {
            let before = batcher.queuedBytes
            let fits = try batcher.add(Self.dispatch(request, [(0, rows: rows)]))
            #expect(batcher.queuedBytes - before == (fits ? 8 * rows : 0))
            bytes.append(batcher.queuedBytes)
        }
        #expect(bytes == [48, 48, 80, 80])
        #expect(Self.drain(&batcher) == ["0: 1.0x6, 3.0x4"])
        let fits = try batcher.add(Self.dispatch(5, [(0, rows: 10)]))
        #expect(fits)
    }

    @Test("Dispatches whose budget is used up are taken out, the others stay")
    func expiry() throws {
        var batcher = ExpertBatcher(capacityBytes: 1 << 20)
        for (request, milliseconds) in [(1, 30), (2, 10), (3, 20), (4, 0)] as [(UInt64, UInt64)] {
            _ = try batcher.add(Self.dispatch(request, [(0, rows: 1)], milliseconds: milliseconds))
        }
        for (milliseconds, expected) in [(0, [4]), (9, []), (20, [2, 3])] as [(Int, [UInt64])] {
            let expired = batcher.removeExpired(now: Self.start + .milliseconds(milliseconds))
            #expect(expired.map(\.request) == expected, "after \(milliseconds) ms")
        }
        #expect(batcher.queuedBytes == 8)
        #expect(Self.drain(&batcher) == ["0: 1.0x1"])
    }

    @Test("A cancel takes out its peer's dispatch of that number only, once")
    func cancel() throws {
        var batcher = ExpertBatcher(capacityBytes: 1 << 20)
        for (request, peer) in [(7, 1), (7, 2), (8, 1)] as [(UInt64, UInt8)] {
            _ = try batcher.add(Self.dispatch(request, [(Int(peer), rows: 1)], peer: peer))
        }
        for (request, expected) in [(8, false), (7, true), (7, false)] as [(UInt64, Bool)] {
            let isTaken = batcher.cancel(peer: PeerID(bytes: [2]), request: request)
            #expect(isTaken == expected)
        }
        #expect(batcher.queuedBytes == 16)
        #expect(Self.drain(&batcher) == ["1: 7.0x1, 8.0x1"])
    }

    @Test("Taking out what is not there changes nothing")
    func removeTwice() throws {
        var batcher = ExpertBatcher(capacityBytes: 1 << 20)
        let (first, second) = (try Self.dispatch(1, [(0, rows: 1)]), try Self.dispatch(1, [(0, rows: 1)]))
        _ = batcher.add(first)
        batcher.remove(second)
        #expect(batcher.queuedBytes == 8)
        batcher.remove(first)
        batcher.remove(first)
        #expect(batcher.queuedBytes == 0)
    }
}
