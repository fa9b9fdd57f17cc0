internal import Logging
package import Shared
internal import Transport

/// Nodes that load and drop experts as a placement says.
extension RemoteExpertPlane {
    /// Lets the nodes follow a placement: those that are here at once, others when they join.
    ///
    /// An older one than the present is passed over. To be called on the plane's own thread.
    package func assign(_ document: PlacementDocument) {
        if nodes.assignments.take(document) { tellAssignments() }
    }

    /// Tells the placement to nodes that do not follow it and were not told yet.
    func tellAssignments() {
        guard let document = nodes.assignments.document else { return }
        for (link, message) in nodes.registry.assignments(for: document) {
            let incarnation = nodes.registry.incarnation(of: link)
            guard nodes.assignments.isNews(message, link: link, incarnation: incarnation) else { continue }
            do {
                try transport.send(WireHeader(body: .assign(message)), tensor: nil, to: link)
            } catch {
                nodes.assignments.forget(link)
            }
        }
    }

    /// A fault came that answers no dispatch: what a node says to a placement that it does not follow.
    func heard(_ fault: FaultMessage, from link: LinkID) {
        let document = nodes.assignments.document
        let name = nodes.registry.name(of: link)
        let wanted = document?.nodes.first { $0.id.rawValue == name }?.experts ?? []
        let hosted = Set(nodes.registry.experts(of: link))
        // A node that was given its experts by hand and has the right ones does all that is wanted of it.
        let isHarmless = fault.code == .unsupported && hosted == Set(wanted)
        logger.log(
            level: isHarmless ? .debug : .warning,
            "A node does not follow the placement.",
            metadata: ["node.id": "\(name)", "fault": "\(fault.code.rawValue)", "reason": "\(fault.message)"],
        )
        if !isHarmless { metrics.recordLink(node: name, change: "placement_refused") }
    }
}
