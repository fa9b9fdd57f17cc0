package import Shared

/// The report for programs; documented in docs/bench.md.
extension KernelReport {
    /// All figures, not rounded.
    package var json: JSONValue {
        Self.object([
            ("command", .string(command)),
            ("machine", Self.object([("cpu", .string(machine.processor)), ("cores", .integer(machine.cores))])),
            ("software", .string(SoftwareVersion.current)), ("threads", .integer(threads)),
            ("instructions", .string(instructions)), ("peaks", .array(peaks.map(Self.members))),
            (
                "read",
                Self.object([
                    ("one_thread_gb_per_s", .number(read.oneThread / 1e9)),
                    ("all_threads_gb_per_s", .number(read.allThreads / 1e9)),
                ])
            ),
            ("kernels", .array(work.map(members))),
            (
                "rows",
                .array(
                    rows.map {
                        Self.object([
                            ("name", .string($0.name)), ("ns_per_element", .number($0.secondsPerElement * 1e9)),
                        ])
                    }
                )
            ),
            ("shares", Self.object(shares.map { ($0.name, Self.number($0.value)) })),
        ])
    }

    private static func members(_ peak: PeakFigure) -> JSONValue {
        object([
            ("dtype", .string(peak.dtype)), ("instructions", .string(peak.instructions)),
            ("one_thread_gop_per_s", .number(peak.oneThread / 1e9)),
            ("all_threads_gop_per_s", .number(peak.allThreads / 1e9)),
        ])
    }

    private func members(_ figure: WorkFigure) -> JSONValue {
        Self.object([
            ("name", .string(figure.name)), ("dtype", .string(figure.dtype)),
            ("instructions", .string(figure.instructions)), ("us", .number(figure.seconds * 1e6)),
            ("gop_per_s", .number(figure.operationsPerSecond / 1e9)), ("peak_share", Self.number(peakShare(figure))),
            ("gb_per_s", Self.number(figure.bytesPerSecond.map { $0 / 1e9 })),
            ("bandwidth_share", Self.number(bandwidthShare(figure))),
        ])
    }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(JSONObject(members)) }

    private static func number(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
}
