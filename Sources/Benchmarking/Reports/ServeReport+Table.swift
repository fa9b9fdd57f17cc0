internal import Foundation
internal import Shared

/// The report for people.
extension ServeReport {
    /// The figures, the latencies, and what was run where.
    package var text: String {
        var rows = [
            ["requests", "\(setting.requests) planned, \(samples.done) done, \(samples.failures.total) failed"]
        ]
        if samples.failures.total > 0 { rows.append(["failures", samples.failures.text]) }
        if preparation.total > 0 { rows.append(["failures before", preparation.text]) }
        rows += [
            ["load", loadText], ["duration", Self.figure(duration) + " s"],
            ["requests/s", Self.figure(requestsPerSecond)],
            ["output tokens/s", Self.figure(outputTokensPerSecond)],
            ["total tokens/s", Self.figure(totalTokensPerSecond)],
            ["prompt tokens", tokens(samples.promptTokens, target: setting.promptTokens)],
            ["completion tokens", tokens(samples.completionTokens, target: setting.outputTokens)],
        ]
        if let goodput {
            let limits = samples.objectives.map { "\($0.metric.rawValue) <= \(Self.plain($0.milliseconds)) ms" }
            rows.append([
                "goodput",
                "\(Self.figure(goodput)) requests/s (\(samples.good) of \(samples.done) keep "
                    + limits.joined(separator: ", ") + ")",
            ])
        }
        let place = "\(Self.printable(setting.model ?? "no model")) at \(Self.printable(setting.url))"
        return TextTable.render(rows) + "\n\n" + TextTable.render(latencyRows) + "\n\n" + setting.command + "\n"
            + "\(setting.machine.text); \(SoftwareVersion.current); \(place)"
    }

    private var loadText: String {
        switch load {
        case .closed(let concurrency): "closed loop, \(concurrency) at once"
        case .open(.unlimited, let delay): "all at once, the last one sent after \(Self.figure(delay * 1000)) ms"
        case .open(.poisson(let rate), let delay):
            "open loop, \(Self.plain(rate)) a second, sent at most \(Self.figure(delay * 1000)) ms late"
        }
    }

    private var latencyRows: [[String]] {
        let head = ["MILLISECONDS", "N", "MEAN"] + percentiles.map { Percentile.name($0).uppercased() }
        return [head]
            + latencies.map { name, summary in
                let values = summary.map { [$0.mean] + $0.percentiles.map(\.value) }
                return [name.uppercased(), String(summary?.count ?? 0)]
                    + (values?.map(Self.figure) ?? Array(repeating: "-", count: percentiles.count + 1))
            }
    }

    private func tokens(_ total: Int, target: Int) -> String {
        guard samples.done > 0 else { return "0" }
        return "\(total), \(Self.figure(Double(total) / Double(samples.done))) a request (\(target) asked for)"
    }

    private static func figure(_ value: Double) -> String { String(format: "%.2f", value) }

    /// A number as it was typed: without a fraction that is zero.
    private static func plain(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? String(value) }

    /// A server's words on a terminal: no control characters, and not without end.
    private static func printable(_ text: String) -> String {
        String(text.unicodeScalars.prefix(200).map { $0.properties.generalCategory == .control ? "?" : Character($0) })
    }
}
