internal import ArgumentParser

/// What is wanted of a placement, and what nobody but the operator knows of the nodes.
struct PlanOptions: ParsableArguments {
    @Option(help: "Copies that every expert has to have. (default: 1)")
    var replicas: Int?

    @Option(
        help: "The share of its layer's rows, 0 to 1, from which an expert gets one copy more. (default: 0.25; 1: none)"
    )
    var hot: Double?

    @Option(help: "NODE=SIZE, such as a=24GiB: room for weights there; may be given several times. (default: enough)")
    var memory: [String] = []

    @Option(help: "NODE=NUMBER: cores that compute there; may be given several times. (default: 1)")
    var cores: [String] = []

    @Option(help: "NODE=ENDPOINT, such as b=tcp://10.0.0.3:7000: a node that is to come; may be given several times.")
    var add: [String] = []

    /// Whether anything was said.
    var isGiven: Bool { replicas != nil || hot != nil || !(memory + cores + add).isEmpty }

    func validate() throws { _ = try wishes() }

    /// The question for a plan.
    func wishes() throws -> PlanWishes {
        if let replicas, !(1...64).contains(replicas) {
            throw ValidationError("--replicas is 1 to 64; \(replicas) came.")
        }
        if let hot, !(0...1).contains(hot) { throw ValidationError("--hot is 0 to 1; \(hot) came.") }
        var nodes: [String: PlanWishes.Node] = [:]
        for (text, flag) in add.map({ ($0, "--add") }) + memory.map({ ($0, "--memory") })
            + cores.map({ ($0, "--cores") })
        {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw ValidationError("\(flag) is NODE=VALUE; \(text) came.") }
            var node = nodes[parts[0]] ?? PlanWishes.Node(id: parts[0])
            switch flag {
            case "--add": node.endpoint = parts[1]
            case "--memory":
                guard let bytes = ByteText.parse(parts[1]) else {
                    throw ValidationError("--memory is NODE=SIZE, such as a=24GiB or a=800MiB; \(text) came.")
                }
                node.memoryBytes = bytes
            default:
                guard let number = Int(parts[1]), number > 0 else {
                    throw ValidationError("--cores is NODE=NUMBER; \(text) came.")
                }
                node.cores = number
            }
            nodes[parts[0]] = node
        }
        return PlanWishes(replicas: replicas, hotShare: hot, nodes: nodes.keys.sorted().compactMap { nodes[$0] })
    }
}

extension ByteText {
    /// Reads `24GiB`, `800MiB`, `12GB` or a number of bytes; nil for anything else.
    static func parse(_ text: String) -> Int? {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("GB", 1_000_000_000), ("MB", 1_000_000)]
        let unit = units.first { text.hasSuffix($0.0) }
        guard let number = Int(text.dropLast(unit?.0.count ?? 0)), number >= 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
        return overflow ? nil : bytes
    }
}
