package import Shared
package import Transport

extension NodeRegistry {
    /// The links whose nodes drain, with their names.
    package var drainingLinks: [(link: LinkID, node: NodeID)] {
        entries.keys.sorted().compactMap { link in
            guard let entry = entries[link], isDraining(entry), let hello = entry.hello else { return nil }
            return (link, NodeID(hello.sender))
        }
    }

    /// Whether a node is asked for nothing new, whoever wants it so.
    func isDraining(_ entry: Entry) -> Bool {
        entry.isDraining || entry.hello.map { drained.contains(NodeID($0.sender)) } ?? false
    }
}

extension NodeRegistry.Entry {
    /// Whether the node says that it drains, or the placement does.
    var isDraining: Bool { heartbeat?.draining ?? hello?.draining ?? false || placed?.isDraining ?? false }
}
