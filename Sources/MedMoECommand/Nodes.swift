internal import ArgumentParser
internal import Foundation
internal import Router
internal import Shared

/// `medmoe nodes`: the expert nodes of a running router.
struct Nodes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the expert nodes of a running router.",
        discussion: "Exit code 1 when an expert is not served or the router cannot be reached.",
    )

    @Option(help: "The router's address.")
    var url = "http://127.0.0.1:8080"

    @Flag(help: "Print JSON: {epoch, ready, nodes: [{endpoint, node, state, reason, experts, ...}]}.")
    var json = false

    func run() async throws {
        let listing: NodeListing
        do {
            listing = try await ControlClient.shared.nodes(url: url)
        } catch let error as AskError {
            throw error
        } catch {
            throw AskError("No router answers at \(url) (\(error)); start one or give --url.")
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(listing), as: UTF8.self))
        } else {
            var rows = [["NODE", "STATE", "EXPERTS", "BATCHES", "QUEUED", "ENDPOINT", "REASON"]]
            for node in listing.nodes {
                rows.append([
                    node.node ?? "?", node.draining ? "draining" : node.state, node.experts.joined(separator: ","),
                    String(node.progress), String(node.queuedRows), node.endpoint, node.reason ?? "",
                ])
            }
            print(TextTable.render(rows))
        }
        if !listing.ready { throw ExitCode(1) }
    }
}
