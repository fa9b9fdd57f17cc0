/// Why an expert is on a node, or no longer on it.
struct PlacementReason {
    /// The kinds of reason.
    enum Why: Equatable {
        /// It had to leave: the node has room for so many bytes.
        case crowded(bytes: Int)
        /// It had to leave: the node's key is not granted it.
        case ungranted
        /// It left: fewer copies are enough for its share of rows.
        case surplus(share: String, copies: Int)
        /// It came, for too few nodes held it.
        case missing(isFirst: Bool, copies: Int, tightly: Bool)
        /// It came as a copy, for it sees much.
        case hot(share: String)
        /// It sees much and has no copy, for there is no room.
        case hotWithoutRoom(share: String, bytes: Int)
        /// It came from a node with too much to do.
        case moved(from: NodeID)
    }

    let expert: ExpertID
    /// Where it came or left; nil where it did neither.
    var node: NodeID?
    let why: Why
}

extension PlacementReason: CustomStringConvertible {
    /// One sentence.
    var description: String { "Expert \(expert) \(words(node.map { "node \($0)" } ?? "no node"))." }

    private func words(_ place: String) -> String {
        switch why {
        case .crowded(let bytes): return "leaves \(place), which has room for \(bytes) bytes of weights"
        case .ungranted: return "leaves \(place), whose key the allow-list does not grant it"
        case .surplus(let share, let copies):
            let enough = copies == 1 ? "one copy is" : "\(copies) copies are"
            return "leaves \(place): it saw \(share) of its layer's rows, and \(enough) enough for that"
        case .missing(let isFirst, let copies, let tightly):
            let need = isFirst ? "nobody else holds it" : "\(copies) copies of each are wanted"
            let choice = tightly ? "it fits there" : "the node has the least to do of those with room"
            return "goes to \(place): \(need), and \(choice)"
        case .hot(let share):
            return "saw \(share) of its layer's rows and gets a copy on \(place), which takes a part of them"
        case .hotWithoutRoom(let share, let bytes):
            return
                "saw \(share) of its layer's rows, but no other node that may hold it has \(bytes) bytes free for a copy"
        case .moved(let source):
            return "moves from node \(source), which has the most to do for its cores, to \(place)"
        }
    }
}
