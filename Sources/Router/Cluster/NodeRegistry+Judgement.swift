internal import Model
package import Shared
package import Transport

/// Whether a node may serve: by the placement, the allow-list, and the model.
extension NodeRegistry {
    /// Takes a document's epoch and what it says of nodes that have a link already.
    package mutating func follow(_ document: PlacementDocument) -> [Action] {
        revision += 1
        epoch = document.epoch
        expectation.name(document.weights)
        let nodes = Dictionary(document.nodes.map { ($0.endpoint, $0) }) { first, _ in first }
        var actions: [Action] = []
        for link in entries.keys.sorted() {
            guard var entry = entries[link], let node = nodes[entry.endpoint] else { continue }
            entry.placed = node
            let before = entry.refusal
            if let hello = entry.hello, entry.isHere {
                entry.refusal = refusal(of: hello, on: link, placed: node)
                if let refusal = entry.refusal, refusal != before {
                    if before == nil { actions.append(.lost(link, reason: "the placement has another node there")) }
                    actions.append(.refused(link, reason: refusal))
                }
                if before != nil, entry.serves { actions.append(.joined(link)) }
            }
            entries[link] = entry
        }
        rebuildHosts()
        return actions
    }

    /// Demands the weights that the placement names from here on, and judges every node by them.
    package mutating func serveNamedWeights() -> [Action] {
        expectation.serveNamed()
        let actions = review(because: "other weights are served now")
        return actions + greetTwins(after: actions)
    }

    /// Experts that nobody would serve with the weights that the placement names: those of which it names other weights,
    /// and those that are served now by nodes which would be refused.
    package var lacking: [ExpertID] {
        guard !expectation.waiting.isEmpty else { return [] }
        var after = self
        _ = after.serveNamedWeights()
        return expectation.experts.keys.filter { expert in
            (expectation.waiting[expert] != nil || isServed(expert)) && !after.isServed(expert)
        }.sorted()
    }

    /// Whether an expert is computed here or by a node that may be asked.
    func isServed(_ expert: ExpertID) -> Bool {
        local?.experts.contains(expert) == true && expectation.isOfCheckpoint(expert) || !hosts(of: expert).isEmpty
    }

    /// Judges every node anew, after the allow-list or the placement's keys changed.
    package mutating func review(because cause: String = "it is trusted no more") -> [Action] {
        var actions: [Action] = []
        for link in entries.keys.sorted() {
            // Who is away is judged by the hello of its return.
            guard var entry = entries[link], entry.isHere, let hello = entry.hello else { continue }
            let refusal = refusal(of: hello, on: link, placed: entry.placed)
            guard refusal != entry.refusal else { continue }
            if let refusal {
                if entry.refusal == nil { actions.append(.lost(link, reason: cause)) }
                actions.append(.refused(link, reason: refusal))
            } else if entry.machine.state == .up {
                actions.append(.joined(link))
            }
            entry.refusal = refusal
            entries[link] = entry
        }
        revision += 1
        rebuildHosts()
        return actions
    }

    /// Takes words about why a link gets no connection, for people.
    package mutating func explain(_ link: LinkID, _ words: String) {
        guard let entry = entries[link], !entry.serves, entry.downReason != words else { return }
        entries[link]?.downReason = words
        revision += 1
    }

    /// Why nobody may answer at an endpoint, nil where somebody may.
    func distrust(of endpoint: String) -> String? {
        guard let trust, trust.node(at: endpoint) == nil else { return nil }
        return "The allow-list has no node at \(endpoint); add its name, key and experts."
    }

    func refusal(of hello: HelloMessage, on link: LinkID, placed: PlacementDocument.Node?) -> String? {
        if let refusal = identityRefusal(of: hello, on: link, placed: placed) { return refusal }
        var facts = HelloFacts(hello)
        // What the placement does not ask of a node may have any weights: it may be on its way out.
        if let placed, !placed.servesWhatItHosts {
            facts.experts = facts.experts.filter { expert, _ in
                placed.experts.contains(expert) || expectation.experts[expert] == nil
            }
        }
        return expectation.refusal(of: facts)
    }

    /// Why a node cannot be one of ours, whatever weights it has.
    func identityRefusal(of hello: HelloMessage, on link: LinkID, placed: PlacementDocument.Node?) -> String? {
        // An address may have come to somebody else since the placement was written.
        if let placed, !placed.servesWhatItHosts, placed.id.rawValue != hello.sender {
            return
                "The node at \(placed.endpoint) calls itself \(hello.sender) and the placement names it \(placed.id). "
                + "Mend one of them."
        }
        if let trust, let endpoint = entries[link]?.endpoint {
            guard let node = trust.node(at: endpoint) else { return distrust(of: endpoint) }
            let refusal = node.refusal(name: hello.sender, experts: hello.experts.map(\.expert))
            if let refusal { return refusal }
        }
        let twin = entries.first { other, entry in
            // A silent node may speak again, and its name is still its own.
            other != link && entry.refusal == nil && [.up, .suspect].contains(entry.machine.state)
                && entry.hello?.sender == hello.sender
        }
        if let twin {
            return "Two nodes call themselves \(hello.sender); the other is at \(twin.value.endpoint). Rename one."
        }
        var facts = HelloFacts(hello)
        facts.experts = [:]
        return expectation.refusal(of: facts)
    }
}

extension HelloFacts {
    fileprivate init(_ hello: HelloMessage) {
        self.init(
            node: NodeID(hello.sender),
            isExpertNode: hello.role == .expertNode,
            modelHash: hello.modelHash,
            hiddenSize: hello.hiddenSize,
            numerics: hello.numerics,
            experts: Dictionary(hello.experts.map { ($0.expert, $0.weightsHash) }) { first, _ in first },
        )
    }
}
