package import Transport

/// The open questions of a plane: which requests are out, and what ends each of them.
///
/// A value without clock or socket.
package struct DispatchStateMachine {
    /// Outstanding dispatches by request number.
    package private(set) var outstanding: [UInt64: DispatchPlan.NodeDispatch] = [:]
    /// What came for a request that is no longer, or never was, out.
    package private(set) var strayReplies = 0

    /// Starts with nothing out.
    package init() {}

    /// True when every dispatch has ended one way or the other.
    package var isComplete: Bool { outstanding.isEmpty }

    /// The links that owe an answer, each once.
    package var links: Set<LinkID> { Set(outstanding.values.map(\.link)) }

    /// A dispatch left under this number.
    package mutating func sent(_ request: UInt64, _ dispatch: DispatchPlan.NodeDispatch) {
        outstanding[request] = dispatch
    }

    /// A reply came: returns the dispatch that it ends, or nil for a late, doubled or forged one, which is dropped.
    package mutating func replied(_ request: UInt64, from link: LinkID) -> DispatchPlan.NodeDispatch? {
        guard let dispatch = outstanding[request], dispatch.link == link else {
            strayReplies += 1
            return nil
        }
        outstanding[request] = nil
        return dispatch
    }

    /// A link went down: returns the dispatches that it takes with it.
    package mutating func lost(
        _ link: LinkID
    ) -> [(request: UInt64, dispatch: DispatchPlan.NodeDispatch)] {
        take { $1.link == link }
    }

    /// Nobody waits for these any more: returns those that are still out, oldest first.
    package mutating func givenUp(
        _ isConcerned: (UInt64) -> Bool
    ) -> [(request: UInt64, dispatch: DispatchPlan.NodeDispatch)] {
        take { request, _ in isConcerned(request) }
    }

    private mutating func take(
        _ condition: (UInt64, DispatchPlan.NodeDispatch) -> Bool
    ) -> [(request: UInt64, dispatch: DispatchPlan.NodeDispatch)] {
        let taken = outstanding.filter { condition($0.key, $0.value) }.sorted { $0.key < $1.key }
        for (request, _) in taken { outstanding[request] = nil }
        return taken.map { (request: $0.key, dispatch: $0.value) }
    }
}
