import Membership
import Testing

@Suite("The words for sources of membership") struct MembershipWordsTests {
    static let plain: [(String, MembershipWords)] = [
        ("file:placement.json", .file(path: "placement.json")),
        ("file:/etc/med:moe/p.json", .file(path: "/etc/med:moe/p.json")),
        ("dns:experts.medmoe.svc:7000", .dns(name: "experts.medmoe.svc", port: 7000)),
    ]

    @Test("Files and names are read", arguments: plain)
    func good(text: String, words: MembershipWords) throws {
        #expect(try MembershipWords(parsing: text) == words)
    }

    static let addresses: [(text: String, members: [String], prefix: String)] = [
        ("http://127.0.0.1:2379", ["http://127.0.0.1:2379"], "/medmoe"),
        ("http://etcd", ["http://etcd:2379"], "/medmoe"),
        ("http://etcd/", ["http://etcd:2379"], "/medmoe"),
        ("https://a:1,http://b:2/clusters/ct/", ["https://a:1", "http://b:2"], "/clusters/ct"),
    ]

    @Test("etcd has members and a prefix", arguments: addresses)
    func etcd(text: String, members: [String], prefix: String) throws {
        guard case .etcd(let address) = try MembershipWords(parsing: "etcd:" + text) else {
            Issue.record("something else was read")
            return
        }
        #expect(address.members == members)
        #expect(address.prefix == prefix)
        #expect(address.placementKey == prefix + "/placement")
        #expect(address.nodesPrefix == prefix + "/nodes/")
    }

    @Test(
        "Anything else is refused with what was expected",
        arguments: [
            "", "placement.json", "file:", "dns:name", "dns::7000", "dns:name:0", "dns:name:70000", "dns:a/b:7000",
            "etcd:", "etcd:127.0.0.1:2379", "etcd:ftp://host", "etcd:http://a/p,http://b", "etcd:http://a,http://a",
            "etcd:http://user:word@host", "etcd:http://a?b", "zookeeper:host",
        ]
    )
    func bad(text: String) {
        let error = #expect(throws: MembershipError.self) { try MembershipWords(parsing: text) }
        #expect(error?.code == .invalidSource)
        #expect(error?.message.hasPrefix("expected ") == true)
    }
}
