import Router
import Shared
import Testing

@Suite struct RoutingExplanationTests {
    /// One picture of four patches between two tokens, two layers, three experts.
    private func explanation(topK: Int = 1) -> RoutingExplanation {
        let positions: [RoutingExplanation.Position] =
            [.token("A")] + (0..<4).map { .patch(image: 0, index: $0) } + [.token("·b")]
        func layer(_ index: Int, _ experts: [Int]) -> RoutingExplanation.Layer {
            .init(
                index: index,
                topK: topK,
                experts: topK == 1 ? experts : experts.flatMap { [$0, ($0 + 1) % 3] },
                weights: topK == 1
                    ? Array(repeating: 0.5, count: experts.count)
                    : experts.flatMap { _ in [Float(0.75), 0.25] }
            )
        }
        return RoutingExplanation(
            positions: positions,
            layers: [layer(0, [0, 1, 1, 2, 1, 0]), layer(2, [2, 2, 2, 2, 2, 1])],
            expertCount: 3,
            patchesPerSide: 2,
            domains: DomainTable(folder: "/nowhere"),
            hasMeta: true
        )
    }

    @Test("Shares count patches, tokens and gate mass of every expert")
    func shares() {
        let lines = explanation().text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines[0].joined(separator: " ").hasPrefix("6 positions: 4 of images, 2 of text"))
        // Expert 1: 3 patches in layer 0; one token in layer 2. Of 8 patch visits 3, of 4 token visits 1, of 12 in all 4.
        #expect(lines.contains(["1", "-", "3", "1", "37.5", "%", "25.0", "%", "33.3", "%"]))
        #expect(lines.contains(["2", "-", "1", "5", "62.5", "%", "25.0", "%", "50.0", "%"]))
        #expect(lines.contains { $0.starts(with: ["meta", "-", "6", "6"]) })
    }

    @Test("Weights that are no numbers are shown as such")
    func nan() {
        let explanation = RoutingExplanation(
            positions: [.token("A")],
            layers: [.init(index: 0, topK: 1, experts: [0], weights: [.nan])],
            expertCount: 1,
            patchesPerSide: 1,
            domains: DomainTable(folder: "/nowhere"),
            hasMeta: false
        )
        #expect(explanation.text.contains("0 nan"))
    }

    @Test("A picture is a map of its patches in each layer")
    func maps() {
        #expect(explanation().text.contains("layer 0     layer 2\n11          22\n21          22"))
    }

    @Test("Every token has a line with its experts and their weights")
    func tokens() {
        let text = explanation().text
        #expect(text.contains("0         A        0 0.50     2 0.50"))
        #expect(text.contains("1-4       image 1  see above  see above"))
        #expect(text.contains("5         ·b       0 0.50     1 0.50"))
        let two = explanation(topK: 2).text
        #expect(two.contains("0         A        0 0.75 1 0.25  2 0.75 0 0.25"))
    }
}
