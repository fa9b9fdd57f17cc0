internal import ArgumentParser

/// `medmoe bench`: how fast.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how fast this machine serves a model.",
        subcommands: [BenchEngine.self],
    )
}
