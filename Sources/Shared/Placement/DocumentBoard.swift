internal import Synchronization

/// Where the latest placement hangs: a source of membership writes it, and the router's compute thread reads it.
///
/// Epochs only go up. A reader asks with `take`, which costs nothing worth naming when nothing is new, and may leave a
/// closure that ends its wait when something is.
package final class DocumentBoard: Sendable {
    /// What became of a document.
    package enum Outcome: Equatable, Sendable {
        /// It hangs now.
        case taken
        /// It says what hung before.
        case unchanged
        /// It is not taken, for this reason.
        case refused(String)
    }

    private struct State {
        /// What was placed, as it came.
        var placed: PlacementDocument?
        /// What readers get.
        var latest: PlacementDocument?
        var isNews = false
        var wake: @Sendable () -> Void = {}
    }

    private let state: Mutex<State>

    /// Starts with a document, or with none.
    package init(_ document: PlacementDocument? = nil) {
        state = Mutex(State(placed: document, latest: document, isNews: document != nil))
    }

    /// The document that hangs now.
    package var latest: PlacementDocument? { state.withLock { $0.latest } }

    /// The latest document that somebody wrote, as it came; nil where nobody did.
    package var placed: PlacementDocument? { state.withLock { $0.placed } }

    /// Hangs up a document that somebody wrote; one of an older epoch, or another one of the same, is refused.
    ///
    /// Nodes may have moved since it was written: `endpoints` are where they say they are, and `keys` what they say that
    /// they prove themselves with, for those of which the document has none. Only an allow-list says what a key may do.
    package func place(
        _ document: PlacementDocument,
        endpoints: [NodeID: String] = [:],
        keys: [NodeID: String] = [:],
    ) -> Outcome {
        update { state in
            let former = state.placed?.epoch ?? 0
            let current = max(former, state.latest?.epoch ?? 0)
            guard document.epoch >= current else {
                return .refused(
                    "expected a placement of epoch \(current) or later, found epoch \(document.epoch); "
                        + "the one of epoch \(current) stays"
                )
            }
            guard document.epoch > former || document == state.placed else {
                return .refused(
                    "the placement changed and its epoch \(document.epoch) did not; raise the epoch with every change"
                )
            }
            state.placed = document
            return Self.hang(document.moved(to: endpoints).filled(with: keys), &state)
        }
    }

    /// Hangs up the nodes that are there, where nobody wrote a document: the epoch stays, and starts at 1.
    @discardableResult
    package func observe(_ nodes: [PlacementDocument.Node]) -> Outcome {
        update { state in
            Self.hang(PlacementDocument(epoch: max(1, state.latest?.epoch ?? 1), nodes: nodes), &state)
        }
    }

    /// The latest document, if it was not taken yet.
    package func take() -> PlacementDocument? {
        state.withLock { state in
            guard state.isNews else { return nil }
            state.isNews = false
            return state.latest
        }
    }

    /// Leaves a closure that is called after each change, on the thread that made it.
    package func onChange(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    private static func hang(_ document: PlacementDocument, _ state: inout State) -> Outcome {
        guard document != state.latest else { return .unchanged }
        state.latest = document
        state.isNews = true
        return .taken
    }

    private func update(_ change: (inout State) -> Outcome) -> Outcome {
        let (outcome, wake) = state.withLock { state in (change(&state), state.wake) }
        if outcome == .taken { wake() }
        return outcome
    }
}

extension PlacementDocument {
    /// The same with keys for nodes that have none.
    fileprivate func filled(with keys: [NodeID: String]) -> PlacementDocument {
        var filled = self
        for index in filled.nodes.indices {
            filled.nodes[index].key = filled.nodes[index].key ?? keys[filled.nodes[index].id]
        }
        return filled
    }

    /// The same with nodes at other endpoints, or the same as it is when two nodes would share one.
    fileprivate func moved(to endpoints: [NodeID: String]) -> PlacementDocument {
        var moved = self
        for index in moved.nodes.indices {
            if let endpoint = endpoints[moved.nodes[index].id] { moved.nodes[index].endpoint = endpoint }
        }
        return Set(moved.nodes.map(\.endpoint)).count == moved.nodes.count ? moved : self
    }
}
