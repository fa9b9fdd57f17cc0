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

    /// What would become of the cluster with the weights that the placement names; nil where none wait.
    var waitingWeights: ClusterStatus.WaitingWeights? {
        let named = expectation.waiting
        guard !named.isEmpty else { return nil }
        var after = self
        _ = after.serveNamedWeights()
        // Of two nodes of one name the second may have been judged by what the first one was.
        _ = after.review()
        let lost = expectation.experts.keys.filter { !after.isServed($0) }
        // Who is away for a moment counts as well: nobody could come back from a change that has been made.
        let lacking = lost.filter { isComputedHere($0) || isKnown($0) }.sorted()
        let isSettled = entries.values.allSatisfy { $0.hello != nil || $0.isOverdue }
        return ClusterStatus.WaitingWeights(
            experts: named,
            lacking: lacking,
            isReady: lacking.isEmpty && isSettled && named.keys.contains { after.isServed($0) },
        )
    }

    /// Whether an expert is computed here or by a node that may be asked.
    func isServed(_ expert: ExpertID) -> Bool { isComputedHere(expert) || !hosts(of: expert).isEmpty }

    private func isComputedHere(_ expert: ExpertID) -> Bool {
        local?.experts.contains(expert) == true && expectation.isOfCheckpoint(expert)
    }

    /// Whether a node of the placement, here or away, has an expert with the weights that are demanded.
    private func isKnown(_ expert: ExpertID) -> Bool {
        let hosted = HostedExpert(expert: expert, weightsHash: expectation.experts[expert])
        return entries.values.contains { $0.hello?.experts.contains(hosted) ?? false }
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
        // It is asked for nothing with these until they are served.
        facts.experts = facts.experts.filter { expert, hash in hash == nil || expectation.waiting[expert] != hash }
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
