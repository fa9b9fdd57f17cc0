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

    /// What one missing expert cost.
    package struct Loss: Sendable, Equatable {
        /// Positions whose layer output is the meta expert's alone.
        package var tokens = 0
        /// Sum of the gate weights that were left out with it.
        package var gateMass = 0.0
    }

    /// By expert; the meta expert of a layer counts every position with weight one.
    package private(set) var entries: [ExpertID: Entry] = [:]
    /// What was answered without, by the expert that was missing.
    package private(set) var losses: [ExpertID: Loss] = [:]
    /// How often the expert that was asked most often was asked for one piece of work.
    package private(set) var attempts = 1

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

    /// Whether a part of it was answered while an expert was missing.
    package var isDegraded: Bool { !losses.isEmpty }

    /// Adds another tally of the same sequence.
    package mutating func merge(_ other: RoutingTally) {
        entries.merge(other.entries) { mine, other in
            var sum = mine
            sum.tokens += other.tokens
            sum.gateMass += other.gateMass
            sum.imageTokens += other.imageTokens
            sum.sources.formUnion(other.sources)
            return sum
        }
        losses.merge(other.losses) { Loss(tokens: $0.tokens + $1.tokens, gateMass: $0.gateMass + $1.gateMass) }
        attempts = max(attempts, other.attempts)
    }

    /// Notes who answered in one layer, for the experts that this sequence used, and the meta expert's share.
    ///
    /// `used` are the routed experts that this sequence's `rows` asked for in this pass: a neighbour's are not its own.
    package mutating func add(layer: Int, outcome: ExpertOutcome, used: Set<Int>, rows: Range<Int>) {
        for (id, source) in outcome.sources {
            switch id.slot {
            case .meta:
                entries[id, default: Entry()].tokens += rows.count
                entries[id, default: Entry()].gateMass += Double(rows.count)
            case .routed(let index):
                guard used.contains(index) else { continue }
            }
            entries[id, default: Entry()].sources.insert(source)
        }
        attempts = max(attempts, outcome.attempts)
        guard !outcome.lost.isEmpty else { return }
        for row in rows {
            guard let lost = outcome.lost[row], let first = lost.missing.first else { continue }
            for expert in lost.missing { losses[expert, default: Loss()].tokens += 1 }
            // Counted once, with the expert that the gate liked best of those that are missing.
            losses[first, default: Loss()].gateMass += Double(lost.gateMass)
        }
    }
}
