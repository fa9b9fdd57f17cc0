internal import Foundation
internal import Kernels
internal import Model
internal import Router
internal import Shared

/// Prompt and decode passes of one sequence, timed.
struct EngineBenchmark {
    let prefill: Int
    let decode: Int
    let context: Int
    let rounds: Int

    /// What was measured.
    struct Report: Encodable {
        /// Median over the rounds.
        var prefillTokensPerSecond = 0.0
        /// Median over the rounds.
        var decodeTokensPerSecond = 0.0
        /// Seconds of each round's prompt pass, its logits included.
        var prefillSeconds: [Double] = []
        /// Seconds of each decoded token, by round: the median.
        var decodeSeconds: [Double] = []

        var json: String {
            get throws {
                let encoder = JSONEncoder()
                encoder.keyEncodingStrategy = .convertToSnakeCase
                encoder.outputFormatting = [.sortedKeys]
                return String(decoding: try encoder.encode(self), as: UTF8.self)
            }
        }

        var text: String {
            func range(_ values: [Double], _ scale: Double) -> String {
                let shown = values.map { $0 * scale }
                return String(format: "%.2f to %.2f ms", shown.min() ?? 0, shown.max() ?? 0)
            }
            return """
                prefill  \(String(format: "%8.1f", prefillTokensPerSecond)) tokens/s   \(range(prefillSeconds, 1000)) a pass
                decode   \(String(format: "%8.1f", decodeTokensPerSecond)) tokens/s   \(range(decodeSeconds, 1000)) a token
                """
        }
    }

    func run(_ model: MedMoEModel, plane: any ExpertPlane, pool: ThreadPool) throws -> Report {
        let language = model.language
        let most = max(prefill, context + decode + 1)
        guard most <= language.maximumPositions else {
            throw AskError("The model has \(language.maximumPositions) positions; \(most) were asked for.")
        }
        var report = Report()
        var generator = SystemRandomNumberGenerator()
        func ids(_ count: Int) -> [Int] {
            (0..<count).map { _ in Int.random(in: 0..<language.vocabularySize, using: &generator) }
        }
        func pass(_ rows: [Int], _ cache: KVCache) throws -> Double {
            let start = ContinuousClock.now
            let result = language.forward(
                language.embed(rows),
                batch: ForwardBatch(
                    runs: [.init(cache: cache, rowCount: rows.count)],
                    deadline: .now + .seconds(600),
                    expertTimeout: .seconds(600),
                ),
                executor: plane,
                observer: nil,
                on: pool,
            )
            if let failure = result.spoiled.first?.value { throw failure }
            _ = language.logits(result.hidden, rows: [rows.count - 1], on: pool)
            return start.duration(to: .now).seconds
        }
        // The first passes touch every page.
        _ = try pass(ids(max(1, min(32, most))), language.makeCache(capacity: most))
        for _ in 0..<rounds {
            if prefill > 0 { report.prefillSeconds.append(try pass(ids(prefill), language.makeCache(capacity: most))) }
            guard decode > 0 else { continue }
            let cache = language.makeCache(capacity: most)
            if context > 0 { _ = try pass(ids(context), cache) }
            let steps = try (0..<decode).map { _ in try pass(ids(1), cache) }
            report.decodeSeconds.append(Self.median(steps))
        }
        report.prefillTokensPerSecond = prefill > 0 ? Double(prefill) / Self.median(report.prefillSeconds) : 0
        report.decodeTokensPerSecond = decode > 0 ? 1 / Self.median(report.decodeSeconds) : 0
        return report
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
