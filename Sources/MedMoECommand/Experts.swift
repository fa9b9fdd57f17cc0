internal import ArgumentParser
internal import Foundation
internal import Router
internal import Shared

/// `medmoe experts`: the experts of a running router, with their nodes and their load.
struct Experts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the experts of a running router: who serves them, and how much they see.",
        discussion: """
            Rows are those that this router sent since it started; the share is that of
            all rows of the layer. Exit code 1 when an expert is not served.
            """,
    )

    @OptionGroup var control: ControlOptions

    @Flag(help: "Print JSON: {epoch, rows, experts: [{expert, nodes, rows, share, bytes}]}.")
    var json = false

    func run() async throws {
        let listing = try await control.makeClient().experts()
        if json {
            try PrettyJSON.print(listing)
        } else {
            var rows = [["EXPERT", "ROWS", "SHARE", "SIZE", "NODES"]]
            for expert in listing.experts {
                rows.append([
                    expert.expert, String(expert.rows), String(format: "%.1f %%", 100 * expert.share),
                    ByteText.describe(expert.bytes), expert.nodes.isEmpty ? "-" : expert.nodes.joined(separator: ","),
                ])
            }
            print(TextTable.render(rows))
        }
        if listing.experts.contains(where: \.nodes.isEmpty) { throw ExitCode(1) }
    }
}
