internal import Shared

/// Which expert took which positions of a prompt, layer by layer, as tables for people.
package struct RoutingExplanation: Sendable {
    /// What stands at one position of a prompt.
    package enum Position: Sendable, Equatable {
        /// A token, as readable text.
        case token(String)
        /// A patch of a picture: which picture, which patch in order of rows.
        case patch(image: Int, index: Int)
    }

    /// The gate's choices in one mixture layer.
    package struct Layer: Sendable {
        /// Index of the decoder layer.
        package let index: Int
        /// Experts that each position visits.
        package let topK: Int
        /// Expert indices, `(positions, topK)`.
        package let experts: [Int]
        /// Gate weights, `(positions, topK)`.
        package let weights: [Float]

        /// Describes a layer's choices.
        package init(index: Int, topK: Int, experts: [Int], weights: [Float]) {
            precondition(topK > 0 && experts.count == weights.count)
            self.index = index
            self.topK = topK
            self.experts = experts
            self.weights = weights
        }
    }

    private let positions: [Position]
    private let layers: [Layer]
    private let expertCount: Int
    private let patchesPerSide: Int
    private let domains: DomainTable
    private let hasMeta: Bool

    /// Takes the positions of a prompt and the choices of every mixture layer, each for all positions.
    package init(
        positions: [Position],
        layers: [Layer],
        expertCount: Int,
        patchesPerSide: Int,
        domains: DomainTable,
        hasMeta: Bool,
    ) {
        precondition(layers.allSatisfy { $0.experts.count == positions.count * $0.topK })
        self.positions = positions
        self.layers = layers
        self.expertCount = expertCount
        self.patchesPerSide = patchesPerSide
        self.domains = domains
        self.hasMeta = hasMeta
    }

    /// The tables: shares of the experts, choices of every patch, choices of every token.
    package var text: String {
        ([shares] + images + [tokens]).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private func isPatch(_ position: Int) -> Bool {
        if case .patch = positions[position] { true } else { false }
    }

    // MARK: Shares

    /// One line an expert: its positions in each layer, and its share of image, text and gate mass over all layers.
    private var shares: String {
        let patches = positions.indices.count { isPatch($0) }
        let words = positions.count - patches
        var rows = [["EXPERT", "DOMAIN"] + layers.map { "LAYER \($0.index)" } + ["IMAGE", "TEXT", "GATE MASS"]]
        var mass = [Double](repeating: 0, count: expertCount)
        var byKind = [[Int]](repeating: [0, 0], count: expertCount)
        var byLayer = [[Int]](repeating: Array(repeating: 0, count: layers.count), count: expertCount)
        for (column, layer) in layers.enumerated() {
            for (assignment, expert) in layer.experts.enumerated() {
                mass[expert] += Double(layer.weights[assignment])
                byKind[expert][isPatch(assignment / layer.topK) ? 0 : 1] += 1
                byLayer[expert][column] += 1
            }
        }
        let visits = layers.reduce(0) { $0 + $1.topK }
        let total = mass.reduce(0, +)
        for expert in 0..<expertCount {
            rows.append(
                [String(expert), domains.name(of: .routed(expert)) ?? "-"]
                    + byLayer[expert].map(String.init)
                    + [
                        Self.percent(byKind[expert][0], of: patches * visits),
                        Self.percent(byKind[expert][1], of: words * visits),
                        Self.percent(mass[expert], of: total),
                    ]
            )
        }
        if hasMeta {
            rows.append(
                ["meta", "-"] + layers.map { _ in String(positions.count) } + ["every patch", "every token", "-"]
            )
        }
        let title =
            "\(positions.count) positions: \(patches) of images, \(words) of text; positions each expert took, by layer"
        return title + "\n\n" + TextTable.render(rows)
    }

    private static func percent(_ part: Int, of whole: Int) -> String {
        percent(Double(part), of: Double(whole))
    }

    private static func percent(_ part: Double, of whole: Double) -> String {
        guard whole > 0, (part / whole).isFinite else { return "-" }
        let tenths = Int((part / whole * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }

    // MARK: Images

    /// For each picture, a map a layer: the best expert of every patch, rows of patches from the top.
    private var images: [String] {
        var starts: [Int] = []
        for (position, what) in positions.enumerated() {
            if case .patch(_, index: 0) = what { starts.append(position) }
        }
        return starts.enumerated().map { number, start in
            "IMAGE \(number + 1): the best expert of each patch\n\n" + maps(start)
        }
    }

    /// Maps side by side, as many as fit 100 columns.
    private func maps(_ start: Int) -> String {
        let width = max(patchesPerSide, 9)
        let perLine = max(1, 100 / (width + 3))
        var blocks: [String] = []
        for first in stride(from: 0, to: layers.count, by: perLine) {
            let shown = layers[first..<min(layers.count, first + perLine)]
            var lines = [shown.map { Self.padded("layer \($0.index)", width) }.joined(separator: "   ")]
            for row in 0..<patchesPerSide {
                let cells = shown.map { layer in
                    let line = (0..<patchesPerSide).map { column in
                        Self.digit(layer.experts[(start + row * patchesPerSide + column) * layer.topK])
                    }
                    return Self.padded(String(line), width)
                }
                lines.append(cells.joined(separator: "   "))
            }
            blocks.append(lines.map { Self.withoutEnd($0) }.joined(separator: "\n"))
        }
        return blocks.joined(separator: "\n\n")
    }

    /// One character for an expert: 0 to 9, then letters, then `+`.
    private static func digit(_ expert: Int) -> Character {
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz")
        return expert < digits.count ? digits[expert] : "+"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func withoutEnd(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }

    // MARK: Tokens

    /// One line a token: its experts in each layer, with their gate weights; pictures as one line each.
    private var tokens: String {
        var rows = [["POSITION", "TOKEN"] + layers.map { "LAYER \($0.index)" }]
        var position = 0
        while position < positions.count {
            switch positions[position] {
            case .token(let text):
                rows.append([String(position), text] + layers.map { choice($0, position) })
                position += 1
            case .patch(let image, _):
                var end = position
                while end < positions.count, case .patch(image, _) = positions[end] { end += 1 }
                rows.append(["\(position)-\(end - 1)", "image \(image + 1)"] + layers.map { _ in "see above" })
                position = end
            }
        }
        return "TOKENS: experts and their gate weights\n\n" + TextTable.render(rows)
    }

    /// `2 0.87`, or `2 0.61 0 0.39` for two.
    private func choice(_ layer: Layer, _ position: Int) -> String {
        (0..<layer.topK).map { rank in
            let assignment = position * layer.topK + rank
            guard layer.weights[assignment].isFinite else { return "\(layer.experts[assignment]) nan" }
            let hundredths = Int((layer.weights[assignment] * 100).rounded())
            let digits = hundredths % 100 < 10 ? "0\(hundredths % 100)" : "\(hundredths % 100)"
            return "\(layer.experts[assignment]) \(hundredths / 100).\(digits)"
        }.joined(separator: " ")
    }
}
