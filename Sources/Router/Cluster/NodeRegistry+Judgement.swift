internal import Model
package import Shared
package import Transport

/// Whether a node may serve: by the placement, the allow-list, and the model.
extension NodeRegistry {
    /// Takes a document's epoch and what it says of nodes that have a link already.
    package mutating func follow(_ document: PlacementDocument) -> [Action] {
        revision += 1
        epoch = document.epoch
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

    /// Demands other weights from here on, and judges every node by them.
    package mutating func serve(_ weights: [ExpertID: WeightsHash]) -> [Action] {
        expectation.follow(weights)
        return review(because: "other weights are served now")
    }

    /// Experts of which other weights are named than are demanded now, and which nobody has with these.
    package func lacking(_ weights: [ExpertID: WeightsHash]) -> [ExpertID] {
        let changes = expectation.changes(to: weights)
        let offered = entries.values.filter(\.isHere).flatMap { $0.hello?.experts ?? [] }
        return changes.filter { expert, hash in
            let isHere = local?.experts.contains(expert) == true && expectation.checkpointHash(of: expert) == hash
            return !isHere && !offered.contains { $0.expert == expert && $0.weightsHash == hash }
        }.keys.sorted()
    }

    /// Judges every node anew, after the allow-list or the placement's keys changed.
    package mutating func review(because cause: String = "it is trusted no more") -> [Action] {
        var actions: [Action] = []
        for link in entries.keys.sorted() {
            guard var entry = entries[link], let hello = entry.hello else { continue }
            let refusal = refusal(of: hello, on: link, placed: entry.placed)
            guard refusal != entry.refusal else { continue }
            if let refusal {
                if entry.isHere, entry.refusal == nil {
                    actions.append(.lost(link, reason: cause))
                }
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
        identityRefusal(of: hello, on: link, placed: placed) ?? expectation.refusal(of: HelloFacts(hello))
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
