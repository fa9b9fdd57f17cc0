internal import Logging
package import Shared

/// What happened in a node that its log should have; experts and numbers, never content.
package enum NodeEvent: Equatable, Sendable {
    /// A router placed experts: the epoch, how many are to be read and how many leave.
    case assigned(epoch: UInt64, loading: Int, leaving: Int)
    /// An expert was read and serves.
    case loaded(ExpertID)
    /// An expert cannot compute, and why, without a full stop.
    case failed(ExpertID, String)
    /// An expert's weights were given up.
    case unloaded(ExpertID)
    /// Dispatches of a router that is gone were dropped.
    case orphaned(dispatches: Int)
}

extension NodeEvent {
    /// Writes it to a log.
    func log(to logger: Logger) {
        switch self {
        case .assigned(let epoch, let loading, let leaving):
            logger.notice(
                "A router placed experts.",
                metadata: ["epoch": "\(epoch)", "loading": "\(loading)", "leaving": "\(leaving)"],
            )
        case .loaded(let expert): logger.notice("An expert serves.", metadata: ["expert": "\(expert)"])
        case .failed(let expert, let reason):
            logger.error("Expert \(expert) is withdrawn: \(reason).", metadata: ["expert": "\(expert)"])
        case .unloaded(let expert): logger.notice("An expert was given up.", metadata: ["expert": "\(expert)"])
        case .orphaned(let count):
            logger.warning(
                "Dispatches of a router that is gone were dropped.",
                metadata: ["dispatches": "\(count)"],
            )
        }
    }
}
