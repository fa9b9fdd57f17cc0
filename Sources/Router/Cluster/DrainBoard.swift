package import Shared
internal import Synchronization

/// Which nodes people want to drain: written by whoever hears of it, read by the compute thread that asks the nodes.
///
/// The compute thread writes back which of them owe it nothing any more.
package final class DrainBoard: Sendable {
    private struct State {
        var nodes: Set<NodeID> = []
        var idle: Set<NodeID> = []
        /// Counts the changes, so that what was seen before one does not count after it.
        var revision = 0
        var wake: @Sendable () -> Void = {}
    }

    private let state = Mutex(State())

    /// Starts with nobody draining.
    package init() {}

    /// The nodes that are to drain.
    package var nodes: Set<NodeID> { state.withLock { $0.nodes } }

    /// The nodes that drain, for whatever reason, and owe this router nothing.
    package var idle: Set<NodeID> { state.withLock { $0.idle } }

    /// Wants a node to drain, or no longer; says whether that is news.
    @discardableResult
    package func set(_ node: NodeID, drains: Bool) -> Bool {
        let (isNews, wake) = state.withLock { state in
            let isNews = state.nodes.contains(node) != drains
            if isNews {
                if drains { state.nodes.insert(node) } else { state.nodes.remove(node) }
                state.idle.remove(node)
                state.revision += 1
            }
            return (isNews, state.wake)
        }
        if isNews { wake() }
        return isNews
    }

    /// Wants a node to drain if it may, given the others that drain already; says whether it may.
    package func drain(_ node: NodeID, if mayLeave: (Set<NodeID>) -> Bool) -> Bool {
        let (isTaken, wake) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard mayLeave(state.nodes.subtracting([node])) else { return (false, nil) }
            guard state.nodes.insert(node).inserted else { return (true, nil) }
            state.idle.remove(node)
            state.revision += 1
            return (true, state.wake)
        }
        wake?()
        return isTaken
    }

    /// Leaves a closure that is called after each change, on the thread that made it.
    package func onChange(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

    /// The nodes with the number of the change that made them so.
    package var current: (nodes: Set<NodeID>, revision: Int) { state.withLock { ($0.nodes, $0.revision) } }

    /// Notes who drains and owes nothing, as it was found after a change.
    package func note(idle: Set<NodeID>, revision: Int) {
        state.withLock { state in
            if state.revision == revision { state.idle = idle }
        }
    }
}
