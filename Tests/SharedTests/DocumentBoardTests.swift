import Shared
import Synchronization
import Testing

@Suite("Document board") struct DocumentBoardTests {
    static func node(_ name: String, _ endpoint: String? = nil) -> PlacementDocument.Node {
        PlacementDocument.Node(id: NodeID(name), at: endpoint ?? "tcp://\(name):7000")
    }

    static func document(_ epoch: UInt64, _ names: String...) -> PlacementDocument {
        PlacementDocument(epoch: epoch, nodes: names.map { node($0) })
    }

    @Test("A document is taken once; the next one is news again")
    func take() {
        let board = DocumentBoard()
        #expect(board.take() == nil)
        #expect(board.place(Self.document(3, "a")) == .taken)
        #expect(board.take() == Self.document(3, "a"))
        #expect(board.take() == nil)
        #expect(board.place(Self.document(3, "a")) == .unchanged)
        #expect(board.take() == nil)
        #expect(board.place(Self.document(4, "a", "b")) == .taken)
        #expect(board.latest?.epoch == 4)
        #expect(board.take()?.nodes.count == 2)
        #expect(DocumentBoard(Self.document(1, "a")).take() == Self.document(1, "a"))
    }

    @Test("An older epoch is refused with both numbers, and so is another content of the same")
    func epochs() throws {
        let board = DocumentBoard(Self.document(5, "a"))
        guard case .refused(let older) = board.place(Self.document(4, "b")) else {
            Issue.record("an older document was taken")
            return
        }
        #expect(older.contains("epoch 5") && older.contains("epoch 4"), "\(older)")
        guard case .refused(let same) = board.place(Self.document(5, "b")) else {
            Issue.record("another document of the same epoch was taken")
            return
        }
        #expect(same.contains("raise the epoch"), "\(same)")
        #expect(board.latest == Self.document(5, "a"))
    }

    @Test("Nodes that are observed leave the epoch where it is, and a document comes after them")
    func observe() {
        let board = DocumentBoard()
        #expect(board.observe([Self.node("a")]) == .taken)
        #expect(board.observe([Self.node("a")]) == .unchanged)
        #expect(board.observe([Self.node("a"), Self.node("b")]) == .taken)
        #expect(board.latest?.epoch == 1)
        #expect(board.place(Self.document(1, "c")) == .taken)
        #expect(board.place(Self.document(9, "c")) == .taken)
        #expect(board.observe([Self.node("a")]) == .taken)
        #expect(board.latest?.epoch == 9)
        guard case .refused = board.place(Self.document(8, "c")) else {
            Issue.record("an older document was taken")
            return
        }
    }

    @Test("A node that moved is looked for where it says it is, unless two would be at one place")
    func moved() {
        let board = DocumentBoard()
        let document = Self.document(2, "a", "b")
        #expect(board.place(document, endpoints: [NodeID("a"): "tcp://x:1", NodeID("z"): "tcp://z:1"]) == .taken)
        #expect(board.latest?.nodes.map(\.endpoint) == ["tcp://x:1", "tcp://b:7000"])
        #expect(board.place(document, endpoints: [NodeID("a"): "tcp://y:1"]) == .taken, "same epoch, it moved on")
        #expect(board.place(document, endpoints: [NodeID("a"): "tcp://b:7000"]) == .taken)
        #expect(board.latest == document)
        let swap = [NodeID("a"): "tcp://b:7000", NodeID("b"): "tcp://a:7000"]
        #expect(board.place(document, endpoints: swap) == .taken)
        #expect(board.latest?.nodes.map(\.endpoint) == ["tcp://b:7000", "tcp://a:7000"])
    }

    @Test("Whoever waits is woken by each change and by nothing else")
    func wakes() {
        let board = DocumentBoard()
        let count = Mutex(0)
        board.onChange { count.withLock { $0 += 1 } }
        _ = board.place(Self.document(2, "a"))
        _ = board.place(Self.document(2, "a"))
        _ = board.place(Self.document(1, "a"))
        #expect(count.withLock { $0 } == 1)
        board.observe([Self.node("b")])
        #expect(count.withLock { $0 } == 2)
    }
}
