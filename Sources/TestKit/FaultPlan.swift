internal import Transport

/// Which messages of a faulty link suffer what: drawn from a seed, so that a failing run can be had again.
package struct FaultPlan: Sendable {
    /// What can become of a message.
    package enum Kind: String, Sendable, CaseIterable {
        /// It does not arrive.
        case drop
        /// It arrives some polls later, and messages sent after it may be there before it.
        case delay
        /// It arrives after the message behind it.
        case reorder
        /// It arrives twice, or more often.
        case duplicate
        /// A frame ends too early.
        case truncate
        /// A bit of the header falls over.
        case corruptHeader
        /// A bit of the rows falls over; their number stays.
        case corruptTensor
        /// A frame has bytes that do not belong there.
        case oversize
        /// Header and rows agree with each other and not with what was asked for.
        case reshape
        /// A number of the rows is none.
        case notANumber
    }

    /// Which way a message goes.
    package enum Direction: String, Sendable, CaseIterable {
        /// From the router to a node.
        case toNode
        /// From a node to the router.
        case toRouter
    }

    /// The kinds that occur, each as often as the others.
    package var kinds: [Kind]
    /// The directions that suffer.
    package var directions: Set<Direction>
    /// Of a thousand messages, how many suffer.
    package var permille: Int
    /// Faults after which the network is well again; nil for no end.
    package var mostFaults: Int?
    /// Whether only dispatches and results suffer, or hellos, heartbeats and faults too.
    package var sparesTalk: Bool
    /// Messages, in either direction that suffers, that arrive sound after each fault.
    package var spacing = 0
    private(set) var generator: SeededGenerator
    private var drawn = 0
    private var sound = 0

    /// Makes a plan.
    package init(
        seed: UInt64,
        kinds: [Kind],
        directions: Set<Direction> = Set(Direction.allCases),
        permille: Int = 100,
        mostFaults: Int? = nil,
        sparesTalk: Bool = true,
    ) {
        self.kinds = kinds
        self.directions = directions
        self.permille = permille
        self.mostFaults = mostFaults
        self.sparesTalk = sparesTalk
        generator = SeededGenerator(seed: seed)
    }

    /// What becomes of the next message; nil when it arrives as it was sent.
    mutating func next(_ header: WireHeader, hasTensor: Bool, direction: Direction) -> Kind? {
        guard directions.contains(direction), drawn < mostFaults ?? .max, hasTensor || !sparesTalk else { return nil }
        sound += 1
        guard drawn == 0 || sound > spacing else { return nil }
        guard !kinds.isEmpty, generator.next() % 1000 < UInt64(clamping: permille) else { return nil }
        let kind = kinds[Int(generator.next() % UInt64(kinds.count))]
        guard hasTensor || !Self.forRows.contains(kind) else { return nil }
        drawn += 1
        sound = 0
        return kind
    }

    /// Kinds for messages with rows only.
    ///
    /// A hello with a bit or an end missing can be a sound hello that says something
    /// else: that is a lie and not damage, and TCP's checksum and CURVE are there to keep it away.
    private static let forRows: Set<Kind> = [.corruptTensor, .corruptHeader, .truncate, .reshape, .notANumber]

    /// A number below a bound.
    mutating func draw(below bound: Int) -> Int { Int(generator.next() % UInt64(max(1, bound))) }
}
