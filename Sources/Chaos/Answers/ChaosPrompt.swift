internal import Benchmarking
internal import Shared

/// A question of the load; the same seed gives the same questions.
package struct ChaosPrompt: Sendable {
    /// What is asked.
    package var text: String
    /// Tokens of the answer at most.
    package var tokens: Int

    /// The questions of a run: short and long, with few and many tokens to answer.
    package static func list(_ count: Int, seed: UInt64) -> [ChaosPrompt] {
        let questions = [
            "What is shown?", "Is there evidence of pneumonia?", "Identify the modality.", "Which organ is this?",
            "Is this image normal?", "Describe the findings.", "Is there a fracture?", "What should be done next?",
        ]
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { index in
            let base = questions[index % questions.count]
            let repeats = 1 + Int(generator.next() % 6)
            let words = (0..<repeats).map { _ in questions[Int(generator.next() % UInt64(questions.count))] }
            return ChaosPrompt(
                text: index < questions.count ? base : ([base] + words).joined(separator: " "),
                tokens: 4 + Int(generator.next() % 24),
            )
        }
    }

    /// The body of the request, greedy and streamed.
    func body(model: String, policy: MissingPolicy?, deadline: Duration) -> [UInt8] {
        var ours: [(String, JSONValue)] = [
            ("provenance", .string("summary")), ("deadline_ms", .integer(Int(deadline.milliseconds))),
        ]
        if let policy { ours.append(("on_missing_expert", .string(policy.rawValue))) }
        let message = JSONObject([("role", .string("user")), ("content", .string(text))])
        return JSONText.bytes(
            .object(
                JSONObject([
                    ("model", .string(model)), ("max_tokens", .integer(tokens)), ("temperature", .integer(0)),
                    ("stream", .bool(true)), ("stream_options", .object(JSONObject([("include_usage", .bool(true))]))),
                    ("messages", .array([.object(message)])), ("medmoe", .object(JSONObject(ours))),
                ])
            )
        )
    }
}

/// What a question wants to become of itself when an expert is missing.
package enum MissingPolicy: String, Sendable, CaseIterable {
    /// An error that names the expert.
    case refuse
    /// The meta expert's output alone, marked.
    case metaOnly = "meta_only"
    /// The expert, until the deadline.
    case wait
}
