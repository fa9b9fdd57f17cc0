package import Model
package import Shared

/// Reads experts for a node that lets routers place them, off the compute thread.
package protocol ExpertLoading: AnyObject {
    /// About the bytes that an expert will take; nil for one that cannot be had here.
    func byteCount(of expert: ExpertID) -> Int?

    /// Orders an expert; `takeFinished` tells how reading it ended. One that is on its way is not read twice.
    func load(_ expert: ExpertID)

    /// Takes back the orders for all others, as far as reading has not begun.
    func keepOrders(of experts: Set<ExpertID>)

    /// What has been read since the last call.
    func takeFinished() -> [LoadedExpert]
}

/// An expert that was read and proved, or the reason why not.
package struct LoadedExpert: Sendable {
    /// Which it is.
    package let expert: ExpertID
    /// Its weights, with the canary's checksum; or a sentence without a full stop.
    package let outcome: Outcome

    /// How reading ended.
    package enum Outcome: Sendable {
        /// A bank with this expert, and the checksum of what the canary gave.
        case loaded(ExpertBank, checksum: UInt32?)
        /// Why it cannot be had.
        case failed(String)
    }

    /// Reports an expert.
    package init(expert: ExpertID, outcome: Outcome) {
        self.expert = expert
        self.outcome = outcome
    }
}
