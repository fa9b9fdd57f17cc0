package import Model
package import Shared

/// Which experts saw how much of one sequence, and on which nodes: the raw material of an answer's provenance.
package struct RoutingTally: Sendable {
    /// The share of one physical or logical expert.
    package struct Entry: Sendable {
        /// Positions that were routed to the expert.
        package var tokens = 0
        /// Sum of the gate weights of those positions.
        package var gateMass = 0.0
        /// Of `tokens`, those that are part of a picture.
        package var imageTokens = 0
        /// Where the expert answered from; more than one when it moved during the answer.
        package var sources: Set<ExpertSource> = []
    }

    /// By expert; the meta expert of a layer counts every position with weight one.
    package private(set) var entries: [ExpertID: Entry] = [:]

    /// Starts empty.
    package init() {}

    /// Counts the rows of one run in one mixture layer.
    package mutating func add(
        layer: Int,
        decision: RoutingDecision,
        rows: Range<Int>,
        isImage: (Int) -> Bool,
    ) {
        for row in rows {
            for rank in 0..<decision.topK {
                let assignment = row * decision.topK + rank
                let id = ExpertID(layer: layer, slot: .routed(decision.experts[assignment]))
                entries[id, default: Entry()].tokens += 1
                entries[id, default: Entry()].gateMass += Double(decision.weights[assignment])
                if isImage(row - rows.lowerBound) { entries[id, default: Entry()].imageTokens += 1 }
            }
        }
    }

    /// Adds another tally of the same sequence.
    package mutating func merge(_ other: RoutingTally) {
        for (id, entry) in other.entries {
            var sum = entries[id] ?? Entry()
            sum.tokens += entry.tokens
            sum.gateMass += entry.gateMass
            sum.imageTokens += entry.imageTokens
            sum.sources.formUnion(entry.sources)
            entries[id] = sum
        }
    }

    /// Notes who answered in one layer, for the experts that this sequence used, and the meta expert's share.
    ///
    /// `used` are the routed experts that this sequence's rows asked for in this pass: a neighbour's are not its own.
    package mutating func add(
        layer: Int,
        sources: [ExpertID: ExpertSource],
        used: Set<Int>,
        rowCount: Int,
    ) {
        for (id, source) in sources {
            switch id.slot {
            case .meta:
                entries[id, default: Entry()].tokens += rowCount
                entries[id, default: Entry()].gateMass += Double(rowCount)
            case .routed(let index):
                guard used.contains(index) else { continue }
            }
            entries[id, default: Entry()].sources.insert(source)
        }
    }
}
