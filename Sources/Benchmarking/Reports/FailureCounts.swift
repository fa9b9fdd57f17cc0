/// Failed requests by kind.
package struct FailureCounts: Sendable, Equatable {
    private var counts: [FailureKind: Int] = [:]
    /// All of them.
    package private(set) var total = 0

    /// No failure.
    package init() {}

    /// Kinds that are told apart; a server that makes up a code for each request fills no memory.
    private static let mostKinds = 64

    /// Counts the failures of another count too.
    package mutating func add(_ other: FailureCounts) {
        for (kind, count) in other.counts { add(kind, count) }
    }

    /// Counts a failure, or several of a kind.
    package mutating func add(_ kind: FailureKind, _ count: Int = 1) {
        total += count
        var kind = kind
        if case .http(let status, _) = kind, counts[kind] == nil, counts.count >= Self.mostKinds {
            kind = .http(status: status, code: nil)
        }
        counts[kind, default: 0] += count
    }

    /// Names and counts, by name.
    package var byName: [(name: String, count: Int)] {
        counts.map { (name: $0.key.name, count: $0.value) }.sorted { $0.name < $1.name }
    }

    /// `connect 2, timeout 1`; empty without failures.
    package var text: String {
        byName.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    }
}
