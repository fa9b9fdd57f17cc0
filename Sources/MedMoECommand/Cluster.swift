internal import ArgumentParser

/// `medmoe cluster …`: clusters of processes on this machine.
struct Cluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a cluster of processes on this machine.",
        subcommands: [ClusterUp.self],
    )
}
