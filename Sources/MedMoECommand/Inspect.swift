internal import ArgumentParser
internal import Foundation
internal import Model
internal import Shared

/// `medmoe inspect MODEL`: what a checkpoint holds.
struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a checkpoint holds, and what is missing.",
        discussion: """
            Reads headers only, unless --hashes is given. Exit code 1 when the model
            cannot be loaded from it.

            EXAMPLES
              medmoe inspect models/medmoe-nano
              medmoe inspect models/medmoe-nano --hashes --json
            """,
    )

    @Argument(help: "The checkpoint folder.")
    var model: String

    @Flag(help: "Hash the weights of every expert (reads them all).")
    var hashes = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let weights = try ModelWeights(folder: model)
        let report = try CheckpointReport(weights, hashes: hashes)
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(report.text)
        }
        if !report.loadable { throw ExitCode(1) }
    }
}
