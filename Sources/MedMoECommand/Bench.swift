internal import ArgumentParser

/// `medmoe bench …`: how fast this software is, on this machine.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how fast a server or a part of this software is.",
        subcommands: [BenchServe.self, BenchEngine.self, BenchDispatch.self, BenchKernels.self, BenchEchoNode.self],
    )
}
