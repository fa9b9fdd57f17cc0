internal import ArgumentParser
internal import Foundation
internal import Router

/// `medmoe drain NODE`: takes a node out of service without a failed request.
struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a node out of service: it finishes what it has and is asked for nothing new.",
        discussion: """
            A node that is the only one with an expert is drained only with --force.
            Where the placement is kept by the router's flags, the router forgets the
            drain when it ends, and other routers do not know of it.

            EXAMPLES
              medmoe drain node-3 --wait && systemctl restart medmoe-expert@node-3
              medmoe drain node-3 --undo
            """,
    )

    @Argument(help: "The node's name, as `medmoe nodes` shows it.")
    var node: String

    @OptionGroup var control: ControlOptions

    @Flag(help: "Put it back into service.")
    var undo = false

    @Flag(help: "Wait until the node owes the router nothing and can be stopped.")
    var wait = false

    @Option(help: "How long to wait.")
    var waitSeconds = 60

    @Flag(help: "Drain it also if it is the only node that serves an expert.")
    var force = false

    @Flag(help: "Print JSON: {node, draining, kept}.")
    var json = false

    func validate() throws {
        if undo, wait || force { throw ValidationError("--undo goes with neither --wait nor --force.") }
        guard waitSeconds > 0 else { throw ValidationError("--wait-seconds is above 0; \(waitSeconds) came.") }
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-")
        guard (1...128).contains(node.count), allowed.isSuperset(of: node) else {
            throw ValidationError("A node's name has 1 to 128 letters, digits or . _ : - in it.")
        }
    }

    func run() async throws {
        let client = try await control.makeClient()
        let report = try await client.drain(node, undo: undo, force: force)
        if wait { try await waitUntilDone(client) }
        if json {
            try PrettyJSON.print(report)
        } else if undo {
            print("Node \(node) is asked again (kept by: \(report.kept)).")
        } else {
            let words = wait ? "has drained and can be stopped" : "drains"
            print("Node \(node) \(words) (kept by: \(report.kept)).")
        }
    }

    private func waitUntilDone(_ client: PlacementClient) async throws {
        let deadline = ContinuousClock.now + .seconds(waitSeconds)
        while true {
            let state = try await client.placement().nodes.first { $0.node == node }
            // Gone is done.
            guard let state, state.state != "down" else { return }
            if state.drained, state.queuedRows == 0 { return }
            guard deadline > .now else {
                throw AskError(
                    "Node \(node) still had work after \(waitSeconds) seconds; it goes on draining. Wait longer or stop it."
                )
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }
}
