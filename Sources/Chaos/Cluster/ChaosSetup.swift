internal import LocalCluster
internal import Model
internal import Shared

/// What is the same in all clusters of a run.
package struct ChaosSetup: Sendable {
    /// The folder of the checkpoint.
    package var model: String
    /// The folder of the programs.
    package var programs: String
    /// The folder for logs and everything else; one folder for each cluster in it.
    package var folder: String
    /// What everything is drawn from.
    package var seed: UInt64
    /// How long faults last where nothing else says so, and the random run as a whole.
    package var duration: Duration
    /// Questions of the rows that count them.
    package var requests: Int
    /// Questions at once.
    package var concurrency: Int
    /// Slow and vanishing clients.
    package var clients: Int

    /// Describes a run.
    package init(
        model: String,
        programs: String,
        folder: String,
        seed: UInt64 = 1,
        duration: Duration = .seconds(60),
        requests: Int = 1000,
        concurrency: Int = 4,
        clients: Int = 1000,
    ) {
        self.model = model
        self.programs = programs
        self.folder = folder
        self.seed = seed
        self.duration = duration
        self.requests = requests
        self.concurrency = concurrency
        self.clients = clients
    }

    /// The name under which every server of a run has the model.
    static let servedName = "chaos"

    /// How the experts are spread.
    package enum Spread: Sendable, Equatable {
        /// A node for each expert index and one for the meta experts, without replicas.
        case single
        /// So many parts by expert index, each on so many nodes.
        case replicated(parts: Int, replicas: Int)
    }

    /// The nodes of a cluster; replicas are named `part-0-a`, `part-0-b`, ….
    func nodes(_ spread: Spread) throws -> [NodeSpec] {
        let moe = try ModelWeights(folder: model).configuration.moe
        switch spread {
        case .single: return NodeSpec.list(try .byIndex(moe), of: moe)
        case .replicated(let parts, let replicas):
            return NodeSpec.list(try .byIndex(moe, nodes: parts), of: moe).enumerated().flatMap { index, part in
                (0..<replicas).map { replica in
                    NodeSpec(id: NodeID("part-\(index)-\(Self.letter(replica))"), experts: part.experts)
                }
            }
        }
    }

    private static func letter(_ index: Int) -> String {
        String("abcdefghijklmnopqrstuvwxyz".dropFirst(index % 26).prefix(1))
    }
}
