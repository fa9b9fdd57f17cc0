internal import Logging
internal import Shared
internal import Transport

extension RemoteExpertPlane {
    /// Takes in the latest document, if there is a new one: links go to nodes that are in it and to no others.
    ///
    /// Other weights than are served wait for `takeWeights`.
    func followMembership() {
        guard let document = membership?.take() else { return }
        settings.trust?.take(document)
        let wanted = Dictionary(document.nodes.map { ($0.endpoint, $0) }) { first, _ in first }
        for link in nodes.registry.links {
            guard let placed = nodes.registry.placed(link) else { continue }
            // With another key it is another node.
            guard let node = wanted[placed.endpoint], node.key == placed.key else {
                leave(link)
                continue
            }
        }
        perform(nodes.registry.follow(document))
        var known = nodes.registry.endpoints
        for node in document.nodes where known.insert(node.endpoint).inserted {
            do {
                let link = try transport.connect(node.endpoint)
                nodes.registry.add(link, endpoint: node.endpoint, placed: node, timing: settings.timing)
            } catch {
                logger.error(
                    "A node of the placement cannot be reached at its endpoint; mend the placement.",
                    metadata: ["node.id": "\(node.id)", "error": "\(error)"],
                )
            }
        }
        for (node, experts) in nodes.registry.ungranted(by: document) {
            logger.error(
                "The placement gives a node experts that the allow-list does not grant to its key; grant or move them.",
                metadata: [
                    "node.id": "\(node)",
                    "experts": "\(experts.map(\.description).joined(separator: ","))",
                ],
            )
        }
        assign(document)
        logger.notice(
            "The placement is followed.",
            metadata: ["epoch": "\(document.epoch)", "nodes": "\(document.nodes.count)"],
        )
    }

    /// Serves the weights that the placement names.
    package func takeWeights() {
        guard !nodes.registry.expectation.waiting.isEmpty else { return }
        perform(nodes.registry.serveNamedWeights())
        tellAssignments()
        publishStatus()
        logger.notice("Other weights are served.", metadata: ["epoch": "\(nodes.registry.epoch)"])
    }

    /// Tells people that weights wait, and for what.
    func tell(_ waiting: ClusterStatus.WaitingWeights) {
        logger.notice(
            "The placement names other weights than are served. \(WaitingWeights(waiting).sentence)",
            metadata: ["epoch": "\(nodes.registry.epoch)"],
        )
    }

    /// Ends a link whose node is not in the placement any more; what is out there is asked of others.
    private func leave(_ link: LinkID) {
        let name = nodes.registry.name(of: link)
        let goodbye = GoodbyeMessage(reason: "not in the placement")
        // So that the node can drop what it still has of ours; without a connection there is nobody to tell.
        try? transport.send(WireHeader(body: .goodbye(goodbye)), tensor: nil, to: link)
        let actions = nodes.registry.remove(link)
        dispatcher.lost(link, reason: "the placement names it no more")
        transport.disconnect(link)
        logger.notice("A node has left the placement.", metadata: ["node.id": "\(name)"])
        perform(actions)
    }
}
