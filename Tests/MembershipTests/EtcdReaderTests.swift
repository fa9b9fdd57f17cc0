import Membership
import Shared
import Testing

@Suite("What is read from etcd") struct EtcdReaderTests {
    static let moe = FileMembershipTests.moe

    private let board = DocumentBoard()
    private let lines = LogLines()

    private func reader() throws -> EtcdReader {
        EtcdReader(
            address: try EtcdAddress(parsing: "http://etcd/med"),
            moe: Self.moe,
            board: board,
            grace: .seconds(15),
            logger: lines.logger
        )
    }

    private func node(_ name: String, _ endpoint: String) -> EtcdPair {
        let registration = NodeRegistration(endpoint: endpoint, experts: "all")
        return EtcdPair(key: "/med/nodes/" + name, value: Array(registration.json.utf8), revision: 2)
    }

    private func placement(_ text: String) -> EtcdPair {
        EtcdPair(key: "/med/placement", value: Array(text.utf8), revision: 3)
    }

    @Test("Without a placement the registered nodes make one up, and those that vanish stay for a while")
    func registered() throws {
        var reader = try reader()
        reader.take([node("a", "tcp://a:1"), node("b", "tcp://b:1")], at: .zero)
        #expect(board.latest?.nodes.map(\.endpoint) == ["tcp://a:1", "tcp://b:1"])
        #expect(board.latest?.epoch == 1)
        // Nothing could be read for minutes, and the leases are over.
        reader.take([], at: .seconds(300))
        #expect(board.latest?.nodes.count == 2)
        reader.take([node("b", "tcp://b:1")], at: .seconds(314))
        #expect(board.latest?.nodes.count == 2)
        reader.take([node("b", "tcp://b:1")], at: .seconds(315))
        #expect(board.latest?.nodes.map(\.endpoint) == ["tcp://b:1"])
    }

    @Test("A placement wins over what is registered; registered nodes are found where they are")
    func placed() throws {
        var reader = try reader()
        reader.take(
            [placement(FileMembershipTests.text(4, "a")), node("a", "tcp://z:9"), node("b", "tcp://b:1")],
            at: .zero
        )
        #expect(board.latest?.epoch == 4)
        #expect(board.latest?.nodes.map(\.endpoint) == ["tcp://z:9"])
        #expect(board.latest?.nodes.first?.servesWhatItHosts == false)
    }

    @Test(
        "A placed node without a key has that of its registration, wherever it moved; the placement's own counts first"
    )
    func keys() throws {
        var reader = try reader()
        let (own, other) = (String(repeating: "k", count: 40), String(repeating: "o", count: 40))
        let registered = NodeRegistration(endpoint: "tcp://z:9", experts: "all", key: own)
        let pair = EtcdPair(key: "/med/nodes/a", value: Array(registered.json.utf8), revision: 2)
        reader.take([placement(FileMembershipTests.text(4, "a")), pair], at: .zero)
        #expect(board.latest?.nodes.map(\.endpoint) == ["tcp://z:9"])
        #expect(board.latest?.nodes.map(\.key) == [own])
        let text = #"{"epoch": 5, "nodes": [{"id": "a", "endpoint": "tcp://a:1", "key": "\#(other)"}]}"#
        reader.take([placement(text), pair], at: .zero)
        #expect(board.latest?.nodes.map(\.key) == [other])
    }

    @Test("A placement that is broken or old keeps the last one and is said once")
    func broken() throws {
        var reader = try reader()
        reader.take([placement(FileMembershipTests.text(4, "a"))], at: .zero)
        for text in ["{", "{", FileMembershipTests.text(3, "b"), FileMembershipTests.text(3, "b")] {
            reader.take([placement(text)], at: .seconds(1))
            #expect(board.latest?.epoch == 4)
        }
        #expect(lines.warnings.count == 2, "\(lines.warnings)")
        reader.take([placement(FileMembershipTests.text(5, "b"))], at: .seconds(2))
        #expect(board.latest?.epoch == 5)
        #expect(lines.all.last == "notice The placement in etcd is in order again.")
    }

    @Test("Registrations that make no sense, or repeat an endpoint, are passed over by name")
    func nonsense() throws {
        var reader = try reader()
        let bad = EtcdPair(key: "/med/nodes/bad", value: Array("{}".utf8), revision: 2)
        let pairs = [node("a", "tcp://a:1"), bad, node("no name", "tcp://n:1"), node("twin", "tcp://a:1")]
        reader.take(pairs, at: .zero)
        reader.take(pairs, at: .seconds(1))
        #expect(board.latest?.nodes.map(\.id.rawValue) == ["a"])
        #expect(lines.warnings.count == 1)
        for name in ["bad", "no name", "twin"] { #expect(lines.warnings.first?.contains(name) == true) }
    }

    @Test("A registration is read as it was written")
    func registration() {
        let key = String(repeating: "k", count: 40)
        let whole = NodeRegistration(endpoint: "tcp://a:1", experts: "*.1", key: key)
        #expect(NodeRegistration(json: Array(whole.json.utf8)) == whole)
        for bad in ["", "tcp:/10.0.0.2:7000", "tcp://a", "tcp://a:1\\u001b", "http://a:1"] {
            #expect(NodeRegistration(json: Array(#"{"endpoint": "\#(bad)", "experts": "all"}"#.utf8)) == nil, "\(bad)")
        }
        #expect(NodeRegistration(json: []) == nil)
    }
}
