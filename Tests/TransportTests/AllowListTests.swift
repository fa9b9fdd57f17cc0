internal import Foundation
internal import Shared
internal import Testing
internal import Transport

@Suite("The allow-list")
struct AllowListTests {
    static let moe = MoEConfiguration(layers: [0, 2], expertCounts: [3, 3], topK: 1, hasMetaExpert: true)
    static let keys = (0..<3).map { number in String(repeating: ["a", "b", "c"][number], count: 40) }
    static func key(_ number: Int) -> CurvePublicKey {
        CurvePublicKey(keys[number]) ?? { preconditionFailure("not a key") }()
    }

    static let good = """
        {"routers": [{"name": "front", "key": "\(keys[0])"}],
         "nodes": [{"name": "ct", "key": "\(keys[1])", "experts": "*.1", "endpoint": "tcp://10.0.0.2:7000"},
                   {"name": "meta", "key": "\(keys[2])", "experts": "*.meta"}]}
        """

    @Test("A list is read as it is written")
    func reading() throws {
        let list = try AllowList(json: Array(Self.good.utf8), of: Self.moe)
        #expect(list.routers == [Self.key(0): NodeID("front")])
        #expect(list.nodes.map(\.name) == [NodeID("ct"), NodeID("meta")])
        let node = try #require(list.node(endpoint: "tcp://10.0.0.2:7000"))
        #expect(node == list.node(key: Self.key(1)))
        #expect(node.experts == [ExpertID(layer: 0, slot: .routed(1)), ExpertID(layer: 2, slot: .routed(1))])
        #expect(list.node(key: Self.key(2))?.endpoint == nil)
        #expect(list.node(key: Self.key(0)) == nil)
        #expect(try AllowList(json: Array("{}".utf8), of: Self.moe) == AllowList())
    }

    @Test(
        "What breaks the form is refused, with its place and nothing of a secret",
        arguments: [
            ("[]", "the allow-list"), ("{", "JSON"), (#"{"router": []}"#, "another field"),
            (#"{"routers": {}}"#, "routers"), (#"{"routers": [1]}"#, "routers[0]"),
            (#"{"routers": [{"name": "a/b", "key": "KEY"}]}"#, "routers[0]"),
            (#"{"routers": [{"name": "a", "key": "short"}]}"#, "40 characters"),
            (#"{"routers": [{"name": "a", "key": "KEY"}, {"name": "b", "key": "KEY"}]}"#, "routers[1]"),
            (#"{"routers": [{"name": "a", "key": "KEY"}, {"name": "a", "key": "OTHER"}]}"#, "second time"),
            (#"{"routers": [{"name": "a", "key": "KEY", "secret": "OTHER"}]}"#, "routers[0]"),
            (
                #"{"routers": [{"name": "a", "key": "KEY"}], "nodes": [{"name": "a", "key": "KEY", "experts": "all"}]}"#,
                "nodes[0]"
            ),
            (#"{"nodes": [{"name": "a", "key": "KEY"}]}"#, "experts"),
            (#"{"nodes": [{"name": "a", "key": "KEY", "experts": "*.7"}]}"#, "*.7"),
            (#"{"nodes": [{"name": "a", "key": "KEY", "experts": "all", "endpoint": "http://x"}]}"#, "endpoint"),
        ] as [(String, String)]
    )
    func bad(text: String, words: String) {
        let json = text.replacingOccurrences(of: "KEY", with: Self.keys[0])
            .replacingOccurrences(of: "OTHER", with: Self.keys[1])
        let error = #expect(throws: WireSecurityError.self) { try AllowList(json: Array(json.utf8), of: Self.moe) }
        #expect(error?.code == .invalidAllowList)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(Self.keys[1]) == false)
    }

    @Test("A key entitles to one name and to some experts")
    func entitlement() throws {
        let node = AllowList.Node(name: NodeID("ct"), key: Self.key(1), experts: [ExpertID(layer: 0, slot: .routed(1))])
        #expect(node.refusal(name: "ct", experts: [ExpertID(layer: 0, slot: .routed(1))]) == nil)
        #expect(node.refusal(name: "ct", experts: []) == nil)
        #expect(node.refusal(name: "mri", experts: [])?.contains("--node ct") == true)
        let surplus = node.refusal(name: "ct", experts: [ExpertID(layer: 0, slot: .meta)])
        #expect(surplus?.contains("0.meta") == true)
    }

    @Test("The file is read again when it changes, and a broken one leaves the last good list in force")
    func refreshing() throws {
        let folder = try CurveKeyTests.Folder()
        let path = try folder.write(Self.good)
        let trust = try WireTrust(file: path, of: Self.moe)
        #expect(trust.router(key: Self.key(0)) == NodeID("front"))
        var now = ContinuousClock.now
        func look() -> WireTrust.News {
            now += .seconds(2)
            return trust.refresh(now: now)
        }
        #expect(look() == .none)
        let before = trust.revision

        _ = try folder.write(#"{"routers": []"#)
        guard case .rejected = look() else {
            Issue.record("a broken list was taken")
            return
        }
        #expect(look() == .none)
        #expect(trust.router(key: Self.key(0)) == NodeID("front"))
        try FileManager.default.removeItem(atPath: path)
        guard case .rejected = look() else {
            Issue.record("a list that is gone was taken")
            return
        }
        #expect(trust.revision == before)

        _ = try folder.write(#"{"routers": []}"#)
        #expect(trust.refresh(now: now) == .none)
        #expect(look() == .changed)
        #expect(trust.router(key: Self.key(0)) == nil)
        #expect(trust.revision > before)
    }

    @Test("Any change of the file's state has it read again, and one that stays unreadable is told once")
    func stateOfFile() throws {
        let folder = try CurveKeyTests.Folder()
        /// Writes in place, with an old time of change and a fixed size: what only the file's state betrays.
        func write(_ text: String) throws -> String {
            let path = try folder.write(text.padding(toLength: 4096, withPad: " ", startingAt: 0))
            let time = Date(timeIntervalSince1970: 1_700_000_000)
            try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
            return path
        }
        let path = try write(Self.good)
        let trust = try WireTrust(file: path, of: Self.moe)
        var now = ContinuousClock.now
        func look() -> WireTrust.News {
            now += .seconds(2)
            return trust.refresh(now: now)
        }
        #expect(look() == .none)
        _ = try write(#"{"routers": []}"#)
        #expect(look() == .changed)
        #expect(trust.router(key: Self.key(0)) == nil)

        // Something that is there and cannot be read, also for whoever may read everything.
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        guard case .rejected = look() else {
            Issue.record("a folder was taken for a list")
            return
        }
        #expect(look() == .none)
        try FileManager.default.removeItem(atPath: path)
        _ = try write(Self.good)
        #expect(look() == .changed)
        #expect(trust.router(key: Self.key(0)) == NodeID("front"))
    }

    @Test("The placement's key for an endpoint counts before the list's, and only with the list behind it")
    func placement() throws {
        let trust = WireTrust(try AllowList(json: Array(Self.good.utf8), of: Self.moe))
        let place = "tcp://10.0.0.2:7000"
        #expect(trust.node(at: place)?.name == NodeID("ct"))
        #expect(trust.node(at: "tcp://10.0.0.3:7000") == nil)
        func take(_ key: String?) {
            let node = PlacementDocument.Node(id: NodeID("x"), endpoint: place, experts: [], key: key)
            trust.take(PlacementDocument(epoch: 1, nodes: [node]))
        }
        take(Self.keys[2])
        #expect(trust.node(at: place)?.name == NodeID("meta"))
        take(String(repeating: "d", count: 40))
        #expect(trust.node(at: place) == nil)
        take(nil)
        #expect(trust.node(at: place)?.name == NodeID("ct"))
    }

    @Test("Key file and allow-list go together")
    func together() throws {
        let none = try WireSecurity.load(WireSecuritySettings(), of: Self.moe)
        #expect(none == nil)
        for settings in [WireSecuritySettings(keyFile: "x"), WireSecuritySettings(allowList: "x")] {
            let error = #expect(throws: WireSecurityError.self) { try WireSecurity.load(settings, of: Self.moe) }
            #expect(error?.code == .incomplete)
        }
    }
}
