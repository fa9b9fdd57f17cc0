package import Shared

/// The report for programs; documented in docs/bench.md.
extension ServeReport {
    /// All figures, not rounded; null where there is nothing to compute one from.
    package var json: JSONValue {
        func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(JSONObject(members)) }
        func counts(_ failures: FailureCounts) -> JSONValue {
            object(failures.byName.map { ($0.name, .integer($0.count)) })
        }
        var members: [(String, JSONValue)] = [
            ("command", .string(setting.command)),
            (
                "machine",
                object([("cpu", .string(setting.machine.processor)), ("cores", .integer(setting.machine.cores))])
            ),
            ("software", .string(SoftwareVersion.current)), ("url", .string(setting.url)),
            ("model", setting.model.map(JSONValue.string) ?? .null), ("load", object(loadMembers)),
            // As text: JSON numbers of 64 bits are not whole in every reader.
            ("seed", .string(String(setting.seed))), ("images", .integer(setting.images)),
            (
                "prompt",
                object([
                    ("target_tokens", .integer(setting.promptTokens)), ("words", .integer(setting.promptWords)),
                ])
            ),
            ("output", object([("target_tokens", .integer(setting.outputTokens))])),
            (
                "requests",
                object([
                    ("planned", .integer(setting.requests)), ("done", .integer(samples.done)),
                    ("failed", .integer(samples.failures.total)),
                ])
            ),
            ("failures", counts(samples.failures)), ("preparation_failures", counts(preparation)),
            ("duration_s", .number(duration)), ("requests_per_s", .number(requestsPerSecond)),
            ("output_tokens_per_s", .number(outputTokensPerSecond)),
            ("total_tokens_per_s", .number(totalTokensPerSecond)), ("prompt_tokens", .integer(samples.promptTokens)),
            ("completion_tokens", .integer(samples.completionTokens)),
        ]
        members += latencies.map { ($0.name + "_ms", $0.summary.map { object(Self.members($0)) } ?? .null) }
        members.append(("goodput", goodput.map { object(goodputMembers($0)) } ?? .null))
        return object(members)
    }

    private var loadMembers: [(String, JSONValue)] {
        switch load {
        case .closed(let concurrency): [("mode", .string("closed")), ("concurrency", .integer(concurrency))]
        case .open(let rate, let delay):
            [
                ("mode", .string("open")),
                (
                    "requests_per_s",
                    {
                        switch rate {
                        case .poisson(let perSecond): .number(perSecond)
                        case .unlimited: .string("inf")
                        }
                    }()
                ),
                ("max_send_delay_ms", .number(delay * 1000)),
            ]
        }
    }

    private static func members(_ summary: LatencySummary) -> [(String, JSONValue)] {
        [("n", .integer(summary.count)), ("mean", .number(summary.mean))]
            + summary.percentiles.map { (Percentile.name($0.percent), .number($0.value)) }
    }

    private func goodputMembers(_ goodput: Double) -> [(String, JSONValue)] {
        let limits = samples.objectives.map { ($0.metric.rawValue + "_ms", JSONValue.number($0.milliseconds)) }
        return [
            ("objectives", .object(JSONObject(limits))), ("good", .integer(samples.good)),
            ("requests_per_s", .number(goodput)),
        ]
    }
}
