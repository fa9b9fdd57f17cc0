import Shared
import Testing

@Suite("Placement documents") struct PlacementDocumentTests {
    static let moe = MoEConfiguration(layers: [0, 2], expertCounts: [2, 2], topK: 1, hasMetaExpert: true)

    private func read(_ text: String) throws(PlacementError) -> PlacementDocument {
        try PlacementDocument(json: Array(text.utf8), of: Self.moe)
    }

    @Test("A document says which nodes there are, what each holds, and who leaves")
    func good() throws {
        let key = String(repeating: "k", count: 40)
        let document = try read(
            """
            {"epoch": 7, "nodes": [
              {"id": "ct", "endpoint": "tcp://10.0.0.2:7000", "experts": "*.1", "drain": true},
              {"id": "meta", "endpoint": "tcp://10.0.0.3:7000", "experts": "*.meta", "key": "\(key)"},
              {"id": "spare", "endpoint": "ipc:///run/spare", "experts": "none"},
              {"id": "open", "endpoint": "tcp://10.0.0.4:7000"}
            ]}
            """
        )
        #expect(document.epoch == 7)
        #expect(document.nodes.map(\.id.rawValue) == ["ct", "meta", "spare", "open"])
        #expect(document.nodes.map(\.isDraining) == [true, false, false, false])
        #expect(document.nodes.map(\.key) == [nil, key, nil, nil])
        #expect(document.nodes.map(\.servesWhatItHosts) == [false, false, false, true])
        #expect(document.nodes[0].experts.map(\.description) == ["0.1", "2.1"])
        #expect(document.nodes[2].experts.isEmpty)
        #expect(document.placement.nodes(of: ExpertID(layer: 0, slot: .meta)) == [NodeID("meta")])
        #expect(document.placement.nodes(of: ExpertID(layer: 0, slot: .routed(1))).isEmpty, "it drains")
        #expect(try read(document.json(of: Self.moe)) == document)
    }

    @Test("A document names weights that are served in the place of the checkpoint's")
    func weights() throws {
        let (one, two) = (String(repeating: "1f", count: 32), String(repeating: "a0", count: 32))
        let document = try read(#"{"epoch": 2, "nodes": [], "weights": {"2.1": "\#(one)", "0.meta": "\#(two)"}}"#)
        let expected: [ExpertID: WeightsHash?] = [
            ExpertID(layer: 2, slot: .routed(1)): WeightsHash(hex: one),
            ExpertID(layer: 0, slot: .meta): WeightsHash(hex: two),
        ]
        #expect(document.weights == expected.compactMapValues { $0 })
        #expect(document.weights.count == 2)
        #expect(try read(document.json(of: Self.moe)) == document)
    }

    @Test("A cluster without nodes is a cluster")
    func empty() throws {
        #expect(try read(#"{"epoch": 1, "nodes": []}"#).nodes.isEmpty)
    }

    static let bad: [(text: String, words: String)] = [
        ("", "this is not JSON"),
        ("[]", "expected a JSON object"),
        (#"{"nodes": []}"#, "\"epoch\""),
        (#"{"epoch": 0, "nodes": []}"#, "at least 1"),
        (#"{"epoch": "1", "nodes": []}"#, "whole number"),
        (#"{"epoch": 1}"#, "\"nodes\""),
        (#"{"epoch": 1, "nodes": [], "node": 1}"#, "found node"),
        (#"{"epoch": 1, "nodes": [7]}"#, "found the number 7"),
        (#"{"epoch": 1, "nodes": [{"id": "a b", "endpoint": "tcp://h:1", "experts": "all"}]}"#, "\"id\""),
        (#"{"epoch": 1, "nodes": [{"id": "a", "experts": "all"}]}"#, "\"endpoint\""),
        (#"{"epoch": 1, "nodes": [{"id": "a", "endpoint": "tcp:/10.0.0.2:7000"}]}"#, "\"endpoint\""),
        (#"{"epoch": 1, "nodes": [{"id": "a", "endpoint": "tcp://h:1\u001b[2J"}]}"#, "\"endpoint\""),
        (#"{"epoch": 1, "nodes": [{"id": "a", "endpoint": "tcp://h:1", "experts": 3}]}"#, "\"experts\""),
        (#"{"epoch": 1, "nodes": [{"id": "a", "endpoint": "tcp://h:1", "experts": "9.9"}]}"#, "node a: "),
        (#"{"epoch": 1, "nodes": [{"id": "a", "endpoint": "tcp://h:1", "drain": 1}]}"#, "true or false"),
        (#"{"epoch": 1, "nodes": [{"id": "a", "endpoint": "tcp://h:1", "key": "short"}]}"#, "40 characters"),
        (#"{"epoch": 1, "nodes": [{"id": "a", "endpoint": "tcp://h:1", "experts_": "all"}]}"#, "experts_"),
        (
            #"{"epoch": 1, "nodes": [{"id": "a", "endpoint": "tcp://h:1"}, {"id": "a", "endpoint": "tcp://h:2"}]}"#,
            "names node a twice"
        ),
        (
            #"{"epoch": 1, "nodes": [{"id": "a", "endpoint": "tcp://h:1"}, {"id": "b", "endpoint": "tcp://h:1"}]}"#,
            "another node has"
        ),
        (#"{"epoch": 1, "nodes": [], "weights": []}"#, "\"weights\""),
        (#"{"epoch": 1, "nodes": [], "weights": {"9.9": "00"}}"#, "the weights of the placement: "),
        (#"{"epoch": 1, "nodes": [], "weights": {"*.1": "00"}}"#, "one expert for each hash"),
        (#"{"epoch": 1, "nodes": [], "weights": {"0.1": "00"}}"#, "64 hexadecimal digits"),
        (#"{"epoch": 1, "nodes": [], "weights": {"0.1": 7}}"#, "64 hexadecimal digits"),
    ]

    @Test("What is wrong with a document is said in a sentence", arguments: bad)
    func refused(text: String, words: String) {
        let error = #expect(throws: PlacementError.self) { try read(text) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("A document of unbearable length is not parsed")
    func tooLong() {
        let spaces = [UInt8](repeating: 0x20, count: PlacementDocument.byteLimit + 1)
        let error = #expect(throws: PlacementError.self) { try PlacementDocument(json: spaces, of: Self.moe) }
        #expect(error?.message.contains("bytes") == true)
    }
}
