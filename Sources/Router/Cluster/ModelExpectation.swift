package import Shared

/// What a router demands of nodes: its model's layout and the weights of each expert.
package struct ModelExpectation: Sendable {
    /// The hash of the model's layout.
    package var layoutHash: WeightsHash
    /// Numbers in a row.
    package var hiddenSize: Int
    /// Every expert of the model with the hash of its weights: in the router's checkpoint, or by the placement.
    package private(set) var experts: [ExpertID: WeightsHash]
    /// The hashes of the router's checkpoint.
    private let checkpoint: [ExpertID: WeightsHash]
    /// Experts of which the placement names other weights than are demanded, with those: they wait to be served.
    package private(set) var waiting: [ExpertID: WeightsHash] = [:]
    /// What the router computes with; nodes that differ would give other bits.
    package var numerics: String

    /// Describes a model.
    package init(layoutHash: WeightsHash, hiddenSize: Int, experts: [ExpertID: WeightsHash], numerics: String) {
        self.layoutHash = layoutHash
        self.hiddenSize = hiddenSize
        self.numerics = numerics
        self.experts = experts
        checkpoint = experts
    }

    /// Notes the weights that a placement names; of all other experts it means those of the checkpoint.
    mutating func name(_ weights: [ExpertID: WeightsHash]) {
        waiting = checkpoint.merging(weights) { _, named in named }.filter { experts[$0.key] != $0.value }
    }

    /// Demands from here on what the placement names.
    mutating func serveNamed() {
        experts.merge(waiting) { _, named in named }
        waiting = [:]
    }

    /// Whether the checkpoint has the weights of an expert that are demanded.
    func isOfCheckpoint(_ expert: ExpertID) -> Bool { experts[expert] == checkpoint[expert] }

    /// Why a node that says this of itself cannot serve the model, or nil when it can.
    func refusal(of hello: HelloFacts) -> String? {
        let node = hello.node
        guard hello.isExpertNode else { return "\(node) is not an expert node; point --nodes at medmoe-expert." }
        if let hash = hello.modelHash, hash != layoutHash {
            return "Node \(node) serves another model (layout \(hash.short)); this router serves \(layoutHash.short)."
        }
        guard hello.hiddenSize == hiddenSize else {
            return "Node \(node) has rows of \(hello.hiddenSize) numbers; this model has \(hiddenSize)."
        }
        guard hello.numerics == numerics else {
            let areBrainFloats = hello.numerics.hasPrefix("bf16") && numerics.hasPrefix("bf16")
            return
                "Node \(node) computes in \"\(hello.numerics)\", this router in \"\(numerics)\"; start both with "
                + (areBrainFloats
                    ? "--dtype bf16-pairs or both with bf16-tiles: bf16 is the one that each machine is faster in."
                    : "the same --dtype on machines of one kind.")
        }
        for (expert, hash) in hello.experts.sorted(by: { $0.key < $1.key }) {
            guard let expected = experts[expert] else {
                return "Node \(node) hosts expert \(expert), which this model does not have."
            }
            guard let hash, hash == expected else {
                guard let hash else {
                    return "Node \(node) names no weights for expert \(expert); this router expects \(expected.short)."
                }
                return
                    "Node \(node) hosts expert \(expert) with weights \(hash); this router expects \(expected.short), "
                    + "until the \"weights\" of a placement name others."
            }
        }
        return nil
    }
}

/// What a hello says, in the router's terms.
struct HelloFacts {
    var node: NodeID
    var isExpertNode: Bool
    var modelHash: WeightsHash?
    var hiddenSize: Int
    var numerics: String
    var experts: [ExpertID: WeightsHash?]
}
