internal import Shared

/// One fault and what it did: a row of the table.
package struct ChaosRow: Sendable {
    /// The name of the fault.
    package var fault: String
    /// What came of the questions meanwhile.
    package var tally: LoadTally
    /// The longest answer before the fault.
    package var calmWorst: Duration?
    /// From the end of the fault to the first whole answer.
    package var recovery: Duration?
    /// What was promised and not kept, each a sentence.
    package var broken: [String] = []
    /// More to know.
    package var note: String?
    /// Why this could not be tried here; the other fields say nothing then.
    package var unavailable: String?

    /// A fault that was tried; fewer questions than were to be asked are a promise not kept.
    package init(_ fault: String, _ tally: LoadTally, calmWorst: Duration? = nil, recovery: Duration? = nil) {
        self.fault = fault
        self.tally = tally
        self.calmWorst = calmWorst
        self.recovery = recovery
        broken = tally.shortfalls
    }

    /// A fault that cannot be tried here, and why.
    package init(_ fault: String, unavailable reason: String) {
        self.init(fault, LoadTally())
        unavailable = reason
    }

    /// Notes a promise unless it was kept.
    package mutating func demand(_ isKept: Bool, _ otherwise: String) {
        if !isKept { broken.append(otherwise) }
    }

    /// Whether nothing was wrong, nothing hung, and every promise was kept.
    package var isGood: Bool { unavailable != nil || (tally.wrong == 0 && tally.hung == 0 && broken.isEmpty) }
}
