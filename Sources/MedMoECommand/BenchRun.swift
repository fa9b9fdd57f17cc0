internal import Benchmarking
internal import Foundation
internal import Shared

/// One run of `medmoe bench serve`: finds the model, fits the prompts, warms up, measures.
struct BenchRun: Sendable {
    private let options: BenchServe
    private let images: [String]
    private let plan: BenchPlan
    private let client: BenchClient
    private let prompts: PromptMaker

    init(options: BenchServe, images: [String]) throws {
        self.options = options
        self.images = images
        let largest = ChatRequestBody(model: "", maximumTokens: 1, dataURLs: images, ignoresEnd: true)
        plan = try BenchPlan(
            concurrency: options.rate == nil ? options.closedConcurrency : nil,
            requests: options.requests,
            // Words have few letters, and tokens of words have at most one word.
            bodyBytes: largest.largestSize(textBytes: options.promptTokens * 8),
        )
        client = BenchClient(
            url: options.url.hasSuffix("/") ? String(options.url.dropLast()) : options.url,
            key: options.apiKey == "none" ? nil : options.apiKey,
            timeout: .seconds(options.timeout),
            maximumTokens: options.outputTokens,
            connections: plan.atOnce,
        )
        prompts = PromptMaker(seed: options.seed)
    }

    /// Runs it.
    func report() async throws -> ServeReport {
        let result: Result<ServeReport, any Error>
        do {
            result = .success(try await measure())
        } catch {
            result = .failure(error)
        }
        try await client.close()
        return try result.get()
    }

    private func measure() async throws -> ServeReport {
        var before = FailureCounts()
        let target = try await prepare(&before)
        if options.warmup > 0 {
            let count = options.warmup
            let warmup = await send(count, name: "requests to warm up", from: options.requests, to: target)
            before.add(warmup.samples.failures)
        }
        let run = await send(options.requests, name: "requests", from: 0, to: target)
        return ServeReport(
            setting: .init(
                command: CommandText.line(CommandLine.arguments, secrets: ["--api-key"]),
                machine: .current,
                url: options.url,
                model: target.model,
                requests: options.requests,
                seed: options.seed,
                promptTokens: options.promptTokens,
                promptWords: target.words,
                outputTokens: options.outputTokens,
                images: images.count,
            ),
            load: options.rate.map { .open($0, mostDelay: run.mostDelay) }
                ?? .closed(concurrency: options.closedConcurrency),
            duration: run.duration,
            samples: run.samples,
            preparation: before,
            percentiles: Percentile.list(options.percentiles) ?? [],
        )
    }

    /// What came of a number of requests.
    private struct Outcome {
        var samples: ServeSamples
        var mostDelay: Double
        var duration: Double
    }

    /// Sends requests in the order of their times, each as soon as its time has come and there is room for it.
    ///
    /// `from` is the number of the first: no two requests of a run have the same prompt.
    private func send(_ count: Int, name: String, from: Int, to target: BenchTarget) async -> Outcome {
        let schedule =
            options.rate.map { ArrivalSchedule.open(count: count, rate: $0, seed: options.seed) }
            ?? .immediate(count: count)
        let start = ContinuousClock.now
        let recorder = BenchRecorder(total: count, name: name, objectives: options.goodput, start: start)
        await withDiscardingTaskGroup { group in
            for _ in 0..<min(plan.atOnce, count) {
                group.addTask {
                    while let request = await recorder.next() {
                        let time = start + .seconds(schedule.times[request])
                        // Made before its time, so as not to be late, and not long before: bodies take memory.
                        await wait(until: time - .milliseconds(50))
                        let text = prompts.text(words: target.words, request: from + request)
                        let body = target.body.bytes(text: text, request: request)
                        await wait(until: time)
                        let delay = options.rate == nil ? 0 : time.duration(to: .now).seconds
                        await recorder.note(await client.send(body), delay: delay)
                    }
                }
            }
        }
        let duration = start.duration(to: .now).seconds
        await recorder.finish()
        return Outcome(samples: await recorder.samples, mostDelay: await recorder.mostDelay, duration: duration)
    }

    /// Returns at once when the time is over, which it always is in a closed loop.
    private func wait(until time: ContinuousClock.Instant) async {
        if time > .now { try? await Task.sleep(until: time, clock: .continuous) }
    }

    /// Finds the model's name and the words of a prompt.
    private func prepare(_ failures: inout FailureCounts) async throws -> BenchTarget {
        let preparation = BenchPreparation(
            client: client,
            prompts: prompts,
            images: images,
            promptTokens: options.promptTokens,
            outputTokens: options.outputTokens,
            ignoresEnd: !options.stopAtEnd,
            firstRequest: options.requests + options.warmup,
        )
        return try await preparation.target(&failures)
    }
}
