import Shared
import Testing

@Suite struct PlacementLayoutTests {
    static let moe = MoEConfiguration(layers: [0, 2, 4], expertCounts: [5, 5, 5], topK: 1, hasMetaExpert: true)

    private func words(_ layout: PlacementLayout) -> [String] {
        layout.nodes.map { "\($0.id)=\(ExpertSelection($0.experts, of: Self.moe))" }
    }

    @Test("By index, each index over all layers has a node and so have the meta experts")
    func byIndexDefault() throws {
        let expected = (0..<5).map { "expert-\($0)=*.\($0)" } + ["expert-meta=*.meta"]
        #expect(words(try .byIndex(Self.moe)) == expected)
    }

    @Test("By index over fewer nodes, neighbouring indices share one")
    func byIndexCut() throws {
        #expect(words(try .byIndex(Self.moe, nodes: 2)) == ["node-0=*.0,*.1,*.2", "node-1=*.3,*.4,*.meta"])
        #expect(words(try .byIndex(Self.moe, nodes: 6)).last == "node-5=*.meta")
    }

    @Test("By layer, neighbouring layers share a node")
    func byLayer() throws {
        #expect(words(try .byLayer(Self.moe, nodes: 3)) == ["node-0=0.*", "node-1=2.*", "node-2=4.*"])
        #expect(words(try .byLayer(Self.moe, nodes: 1)) == ["node-0=all"])
    }

    @Test("However many nodes, each expert has one, and no node has two more than another", arguments: 1...18)
    func cutsEvenly(_ nodes: Int) throws {
        for layout in [try PlacementLayout.byIndex(Self.moe, nodes: nodes), try .byLayer(Self.moe, nodes: nodes)] {
            let sizes = layout.nodes.map(\.experts.count)
            #expect(layout.nodes.count == nodes)
            #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
            #expect(sizes == sizes.sorted(by: >))
            #expect(layout.nodes.flatMap(\.experts).sorted() == Self.moe.experts)
            #expect(Set(layout.nodes.map(\.id)).count == nodes)
        }
    }

    @Test("More nodes than experts, or none, are refused", arguments: [0, -1, 19])
    func nodeCount(_ nodes: Int) throws {
        let index = #expect(throws: PlacementError.self) { try PlacementLayout.byIndex(Self.moe, nodes: nodes) }
        let layer = #expect(throws: PlacementError.self) { try PlacementLayout.byLayer(Self.moe, nodes: nodes) }
        #expect(index?.code == .nodeCount)
        #expect(layer?.message == "expected 1 to 18 nodes for the 18 experts, found \(nodes)")
    }

    @Test("A layout's placement lists replicas in the order of its nodes")
    func placement() throws {
        let json = #"{"nodes":[{"id":"z","experts":"all"},{"id":"a","experts":"*.4,*.4"}]}"#
        let placement = try PlacementLayout(json: json, of: Self.moe).placement(epoch: 7)
        #expect(placement.epoch == 7)
        #expect(placement.nodes(of: ExpertID(layer: 2, slot: .routed(4))) == [NodeID("z"), NodeID("a")])
        #expect(placement.nodes(of: ExpertID(layer: 2, slot: .meta)) == [NodeID("z")])
        #expect(placement.nodes(of: ExpertID(layer: 1, slot: .meta)) == [])
        #expect(placement.experts(on: NodeID("a")).map(\.description) == ["0.4", "2.4", "4.4"])
        #expect(placement.allNodes == [NodeID("a"), NodeID("z")])
        #expect(placement.missingExperts(of: Self.moe) == [])
    }

    @Test("An empty list of nodes counts as none, and a node counts once")
    func normalises() {
        let (one, two) = (ExpertID(layer: 0, slot: .meta), ExpertID(layer: 2, slot: .meta))
        let placement = ExpertPlacement(epoch: 1, nodes: [one: [], two: [NodeID("a"), NodeID("b"), NodeID("a")]])
        #expect(placement.nodes == [two: [NodeID("a"), NodeID("b")]])
        #expect(placement.missingExperts(of: Self.moe).contains(one))
    }

    @Test("Experts without a node are told, unless that is wanted")
    func gaps() throws {
        let json = #"{"nodes":[{"id":"a","experts":"*.0,*.1,*.2,*.3,*.meta,0.4"}]}"#
        let error = #expect(throws: PlacementError.self) { try PlacementLayout(json: json, of: Self.moe) }
        #expect(error?.code == .uncovered)
        #expect(error?.message.contains("2.4,4.4") == true)
        #expect(try PlacementLayout(json: json, of: Self.moe, allowingGaps: true).nodes.count == 1)
    }

    @Test(
        "A layout that is none is refused with the place",
        arguments: [
            ("[", PlacementError.Code.invalidLayout, "not JSON"), ("[]", .invalidLayout, "found a list"),
            ("{}", .invalidLayout, "expected a list \"nodes\""), (#"{"nodes":[]}"#, .invalidLayout, "1 to"),
            (#"{"nodes":[{"id":"a","experts":"all"}],"node":1}"#, .invalidLayout, "found node"),
            (#"{"nodes":[{"id":"a","experts":"all"},{"id":"a","experts":"all"}]}"#, .invalidLayout, "node a twice"),
            (#"{"nodes":["a"]}"#, .invalidLayout, "object as nodes[0]"),
            (#"{"nodes":[{"experts":"all"}]}"#, .invalidLayout, "\"id\""),
            (#"{"nodes":[{"id":"","experts":"all"}]}"#, .invalidLayout, "\"id\""),
            (#"{"nodes":[{"id":"a b","experts":"all"}]}"#, .invalidLayout, "\"id\""),
            (#"{"nodes":[{"id":"a"}]}"#, .invalidLayout, "\"experts\""),
            (#"{"nodes":[{"id":"a","experts":["0.1"]}]}"#, .invalidLayout, "\"experts\" as a string"),
            (#"{"nodes":[{"id":"a","expert":"all"}]}"#, .invalidLayout, "found expert"),
            (#"{"nodes":[{"id":"a","experts":"all"},{"id":"b","experts":"0.9"}]}"#, .noSuchExpert, "node b: \"0.9\""),
            (#"{"nodes":[{"id":"a","experts":""}]}"#, .empty, "node a: "),
        ]
    )
    func refuses(_ json: String, _ code: PlacementError.Code, _ words: String) throws {
        let error = #expect(throws: PlacementError.self) { try PlacementLayout(json: json, of: Self.moe) }
        #expect(error?.code == code)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("A layout is read from a file, and an absent one is told by its path")
    func file() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("layout.json", #"{"nodes":[{"id":"a","experts":"all"}]}"#)
        #expect(try PlacementLayout(file: path, of: Self.moe).nodes.map(\.id) == [NodeID("a")])
        let absent = #expect(throws: PlacementError.self) {
            try PlacementLayout(file: folder.path("none.json"), of: Self.moe)
        }
        #expect(absent?.code == .unreadableFile)
        #expect(absent?.message.contains("none.json") == true)
        let broken = try folder.write("broken.json", "{")
        let error = #expect(throws: PlacementError.self) { try PlacementLayout(file: broken, of: Self.moe) }
        #expect(error?.code == .invalidLayout)
        #expect(error?.message.hasPrefix("broken.json: ") == true)
    }
}
