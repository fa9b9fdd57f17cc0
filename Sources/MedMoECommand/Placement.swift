internal import ArgumentParser
internal import Foundation
internal import Router
internal import Shared

/// `medmoe placement …`: which node holds which experts.
struct Placement: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show, plan and change which node holds which experts.",
        subcommands: [PlacementShow.self, PlacementPlanCommand.self, PlacementApply.self],
    )
}

/// `medmoe placement show`.
struct PlacementShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what the placement wants of each node, and what the node does.",
        discussion: "Exit code 1 when an expert is not served.",
    )

    @OptionGroup var control: ControlOptions

    @Flag(help: "Print JSON: {authority, epoch, ready, missing, waiting, document: {epoch, nodes, weights}, nodes}.")
    var json = false

    func run() async throws {
        let report = try await control.makeClient().placement()
        if json {
            try PrettyJSON.print(report)
        } else {
            let wanted = report.document?.nodes ?? []
            var rows = [["NODE", "STATE", "PLACED", "HOSTS", "QUEUED", "ENDPOINT", "REASON"]]
            for node in report.nodes {
                let placed = wanted.first { $0.id == node.node }
                let state = node.drained ? "drained" : node.draining ? "draining" : node.state
                rows.append([
                    node.node ?? "?", state, placed?.experts ?? "-", node.hosts, String(node.queuedRows), node.endpoint,
                    node.reason ?? "",
                ])
            }
            for node in wanted where !report.nodes.contains(where: { $0.node == node.id }) {
                rows.append([node.id, "absent", node.experts ?? "-", "-", "-", node.endpoint, ""])
            }
            print(TextTable.render(rows))
            print("\nEpoch \(report.epoch), kept by: \(report.authority).")
            if let waiting = report.waiting { print(waiting.sentence) }
            if !report.missing.isEmpty { print("Nobody serves \(report.missing.joined(separator: ", ")).") }
        }
        if !report.ready { throw ExitCode(1) }
    }
}

/// `medmoe placement plan`.
struct PlacementPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Propose a placement from memory, cores and measured load, and say why.",
        discussion: """
            Changes nothing. What is there stays unless there is a reason to move it.

            EXAMPLES
              medmoe placement plan --hot 0.3 --memory a=24GiB --memory b=8GiB
              medmoe placement plan --add c=tcp://10.0.0.4:7000 --out plan.json
              medmoe placement apply --file plan.json
            """,
    )

    @OptionGroup var control: ControlOptions

    @OptionGroup var options: PlanOptions

    @Option(help: "A file for the proposal, as `placement apply` takes it.")
    var out: String?

    @Flag(help: "Print JSON: {document: {epoch, nodes, weights}, changes: [{node, adds, drops}], loads, reasons}.")
    var json = false

    func run() async throws {
        let plan = try await control.makeClient().plan(options.wishes())
        if json { try PrettyJSON.print(plan) } else { print(plan.text) }
        if let out {
            do {
                try PrettyJSON.data(plan.document).write(to: URL(filePath: out), options: .atomic)
            } catch {
                throw AskError("The plan cannot be written to \(out): \(error.localizedDescription)")
            }
        }
    }
}

/// `medmoe placement apply`.
struct PlacementApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make a document the placement, or what `placement plan` with these options proposes.",
        discussion: "A document has the epoch after the current one; another one is refused, for somebody was first.",
    )

    @OptionGroup var control: ControlOptions

    @Option(help: "The document, - for standard input. (default: a plan made now)")
    var file: String?

    @OptionGroup var options: PlanOptions

    @Flag(help: "Take also a document that leaves experts without a node.")
    var force = false

    @Flag(help: "Print JSON: {authority, epoch}, or {changed: false, epoch}.")
    var json = false

    func validate() throws {
        if file != nil, options.isGiven { throw ValidationError("Give --file or options for a plan, not both.") }
    }

    func run() async throws {
        let client = try await control.makeClient()
        let document: Data
        switch file {
        case "-"?: document = FileHandle.standardInput.readDataToEndOfFile()
        case let path?:
            guard let data = FileManager.default.contents(atPath: path) else {
                throw AskError("The document \(path) cannot be read.")
            }
            document = data
        case nil:
            let plan = try await client.plan(options.wishes())
            if !json { print(plan.text) }
            guard !plan.changes.isEmpty else {
                if json { try PrettyJSON.print(AppliedNothing(epoch: plan.document.epoch)) }
                return
            }
            document = try PrettyJSON.data(plan.document)
        }
        let applied = try await client.apply(document, force: force)
        if json {
            try PrettyJSON.print(applied)
        } else {
            print("The placement has epoch \(applied.epoch) now, kept by: \(applied.authority).")
        }
    }

    private struct AppliedNothing: Encodable {
        var epoch: UInt64
        var changed = false
    }
}

extension PlanReport {
    /// The plan for people.
    fileprivate var text: String {
        var rows = [["NODE", "EXPERTS", "LOADS", "DROPS"]]
        for node in document.nodes {
            let change = changes.first { $0.node == node.id }
            rows.append([node.id, node.experts ?? "-", change?.adds ?? "none", change?.drops ?? "none"])
        }
        let verdict =
            changes.isEmpty
            ? "Nothing changes." : "Epoch \(document.epoch): copies of \(loads) experts have to be loaded."
        return TextTable.render(rows) + "\n\n" + reasons.joined(separator: "\n") + "\n\n" + verdict
    }
}
