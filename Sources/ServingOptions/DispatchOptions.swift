package import ArgumentParser
package import CommandSupport
internal import Model
package import Router
internal import Shared

/// The flags of every program whose router sends rows to expert nodes: what it does while one is missing or slow.
package struct DispatchOptions: ParsableArguments {
    @Option(
        help: """
            refuse, wait or meta_only: what becomes of a question whose expert is missing; DOMAIN=POLICY for single \
            experts, comma separated. A request may ask for less. (default: refuse)
            """
    )
    package var onMissingExpert: String?

    @Option(help: "auto or off: whether another replica is asked for what one is slow with. (default: auto)")
    package var hedge: String?

    @Option(
        help: """
            auto, or into how many micro-batches a step is cut, so that one attends while another is at its experts. \
            (default: auto)
            """
    )
    package var microBatches: String?

    /// For the argument parser.
    package init() {}

    /// Puts what the flags say into a router's configuration.
    package func apply(
        to configuration: inout RouterService.Configuration,
        _ settings: Settings,
        launcher: RouterLauncher,
    ) throws {
        let count = launcher.weights.configuration.moe.experts.reduce(0) { most, id in
            if case .routed(let index) = id.slot { max(most, index + 1) } else { most }
        }
        let policies = settings.string("on-missing-expert", flag: onMissingExpert) ?? "refuse"
        configuration.query.onMissing = try MissingExpertPolicies(parsing: policies) { name in
            let named = launcher.domains.indices(of: name)
            return named.isEmpty ? Int(name).flatMap { (0..<count).contains($0) ? [$0] : nil } ?? [] : named
        }
        switch settings.string("hedge", flag: hedge) ?? "auto" {
        case "auto": configuration.hedges = true
        case "off": configuration.hedges = false
        case let other: throw SettingsError("hedge has to be auto or off; \"\(other)\" came.")
        }
        let batches = settings.string("micro-batches", flag: microBatches) ?? "auto"
        if batches != "auto" {
            guard let number = Int(batches), (1...16).contains(number) else {
                throw SettingsError("micro-batches has to be auto or 1 to 16; \"\(batches)\" came.")
            }
            configuration.engine.microBatches = number
        }
    }

    /// The flags as given, for a router that is started as a child.
    package var arguments: [String] {
        [("--on-missing-expert", onMissingExpert), ("--hedge", hedge), ("--micro-batches", microBatches)]
            .flatMap { flag, value in value.map { [flag, $0] } ?? [] }
    }
}
