internal import Shared
internal import Transport

/// The placement that nodes are to follow, and which of them were told: each process once for what it is to hold.
struct AssignmentBook {
    private struct Told: Equatable {
        var message: AssignMessage
        var incarnation: UInt64?
    }

    /// The placement; nil while there is none.
    private(set) var document: PlacementDocument?
    private var told: [LinkID: Told] = [:]

    /// Takes a placement; false for one that is older than the present one.
    mutating func take(_ newer: PlacementDocument) -> Bool {
        guard newer.epoch >= document?.epoch ?? 0 else { return false }
        if newer != document { told = [:] }
        document = newer
        return true
    }

    /// Whether the process at the end of a link has not been told yet; it counts as told afterwards.
    mutating func isNews(_ message: AssignMessage, link: LinkID, incarnation: UInt64?) -> Bool {
        let telling = Told(message: message, incarnation: incarnation)
        guard told[link] != telling else { return false }
        told[link] = telling
        return true
    }

    /// What was told on a link may not have arrived.
    mutating func forget(_ link: LinkID) { told[link] = nil }
}
