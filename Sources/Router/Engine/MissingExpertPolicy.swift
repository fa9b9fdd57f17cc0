package import Model
package import Shared

/// What becomes of a query whose expert nobody serves, from the strictest on.
package enum MissingExpertPolicy: String, Sendable, CaseIterable, Comparable {
    /// It fails, and the error names the expert.
    case refuse
    /// It waits for the expert until its deadline.
    case wait
    /// It goes on with the meta expert alone, and its answer is marked.
    case metaOnly = "meta_only"

    /// The stricter one is the lesser.
    package static func < (left: MissingExpertPolicy, right: MissingExpertPolicy) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .refuse: 0
        case .wait: 1
        case .metaOnly: 2
        }
    }
}

/// The policy for each expert index.
package struct MissingExpertPolicies: Sendable, Equatable {
    /// Where nothing else is said, and for the meta expert.
    package var standard: MissingExpertPolicy
    /// For single expert indices.
    package var byIndex: [Int: MissingExpertPolicy]

    /// Has one policy for all but the named indices.
    package init(standard: MissingExpertPolicy = .refuse, byIndex: [Int: MissingExpertPolicy] = [:]) {
        self.standard = standard
        self.byIndex = byIndex
    }

    /// Reads `refuse`, `wait` or `meta_only`, and for single experts `NAME=POLICY` by domain or index, comma separated.
    ///
    /// - Throws: `QueryError` with a sentence for whoever wrote the text.
    package init(parsing text: String, indices: (String) -> [Int]) throws(QueryError) {
        self.init()
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard words.count <= 2, let policy = MissingExpertPolicy(rawValue: words.last ?? "") else {
                throw QueryError(
                    .invalidRequest,
                    "on-missing-expert has to be refuse, wait or meta_only, or DOMAIN=POLICY for single experts, comma "
                        + "separated; \"\(part)\" came.",
                )
            }
            guard words.count == 2 else {
                standard = policy
                continue
            }
            let indices = indices(words[0])
            guard !indices.isEmpty else {
                throw QueryError(
                    .invalidRequest,
                    "on-missing-expert names the expert \"\(words[0])\", which this model does not have; give a domain of "
                        + "its domains.json or an index.",
                )
            }
            for index in indices { byIndex[index] = policy }
        }
    }

    /// The policy for an expert; without a meta expert nothing can go on by it, so a missing one is waited for or refused.
    package func policy(for expert: ExpertID) -> MissingExpertPolicy {
        switch expert.slot {
        case .meta: standard == .wait ? .wait : .refuse
        case .routed(let index): byIndex[index] ?? standard
        }
    }

    /// What a request makes of it: for no expert looser than either says.
    package func narrowed(to wish: MissingExpertPolicy?) -> MissingExpertPolicies {
        guard let wish else { return self }
        return MissingExpertPolicies(
            standard: min(standard, wish),
            byIndex: byIndex.mapValues { min($0, wish) },
        )
    }

    /// The loosest policy for any expert.
    package var loosest: MissingExpertPolicy { byIndex.values.reduce(standard, max) }

    /// The expert indices that a query may do without.
    package var bears: LossTolerance {
        let loose = standard == .metaOnly
        return LossTolerance(
            standard: loose,
            exceptions: Set(byIndex.filter { ($0.value == .metaOnly) != loose }.keys),
        )
    }
}
