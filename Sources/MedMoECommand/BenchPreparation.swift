internal import Benchmarking

/// What the requests of a benchmark are made of.
struct BenchTarget: Sendable {
    /// The model's name; nil when the server named none.
    var model: String?
    /// Words of each prompt.
    var words: Int
    var body: ChatRequestBody
}

/// Learns from a server what has to be known before it is measured: its model, and how many tokens words make.
///
/// What fails is counted, and the benchmark goes on with a guess: its requests then show how the server fails.
struct BenchPreparation: Sendable {
    let client: BenchClient
    let prompts: PromptMaker
    let images: [String]
    let promptTokens: Int
    let outputTokens: Int
    let ignoresEnd: Bool
    /// The number of the first probe; those below are taken.
    let firstRequest: Int

    /// Asks for the model, then has two prompts counted.
    func target(_ failures: inout FailureCounts) async throws -> BenchTarget {
        let model = try note(await client.modelID(), &failures)
        return BenchTarget(
            model: model,
            // Nothing better is known than a token a word when no prompt was counted.
            words: try await words(model: model ?? Self.unknownModel, &failures) ?? promptTokens,
            body: body(model: model ?? Self.unknownModel, tokens: outputTokens),
        )
    }

    private static let unknownModel = "unknown"

    private func body(model: String, tokens: Int) -> ChatRequestBody {
        ChatRequestBody(model: model, maximumTokens: tokens, dataURLs: images, ignoresEnd: ignoresEnd)
    }

    private func words(model: String, _ failures: inout FailureCounts) async throws -> Int? {
        let body = body(model: model, tokens: 1)
        func probe(words: Int, number: Int) async throws -> PromptFit.Probe? {
            let text = prompts.text(words: words, request: firstRequest + number)
            let sample = try note(await client.send(body.bytes(text: text, request: 0)), &failures)
            return sample.map { .init(words: words, tokens: $0.usage.promptTokens) }
        }
        guard let first = try await probe(words: PromptFit.firstProbeWords, number: 0) else { return nil }
        let more = PromptFit.secondProbeWords(after: first, target: promptTokens)
        guard let second = try await probe(words: more, number: 1) else { return nil }
        guard let fit = PromptFit(first, second) else {
            throw AskError(
                "Expected more prompt tokens for \(second.words) words than for \(first.words), \(second.tokens) and "
                    + "\(first.tokens) were counted; the server's usage is no measure for --prompt-tokens."
            )
        }
        guard promptTokens >= fit.leastTokens else {
            throw AskError(
                "Expected --prompt-tokens with room for the model's template and the picture, \(promptTokens) came; "
                    + "give at least \(fit.leastTokens)."
            )
        }
        return fit.words(for: promptTokens)
    }

    /// The value; a failure is counted, unless the server does not answer at all: then no request would.
    private func note<Value>(_ result: Result<Value, FailureKind>, _ failures: inout FailureCounts) throws -> Value? {
        switch result {
        case .success(let value): return value
        case .failure(.timeout):
            throw AskError("Expected answers before the measurement, none came in time; is the server overloaded?")
        case .failure(let kind):
            failures.add(kind)
            return nil
        }
    }
}
