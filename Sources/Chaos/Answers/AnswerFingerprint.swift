internal import Shared

/// What has to be the same in every answer to one question: its text, its length, and what the gates weighed.
///
/// The gates feel every number of the layers before them, so their sums tell answers apart whose words are equal. No gate
/// comes after the last mixture layer: what its experts compute is compared by the words alone.
package struct AnswerFingerprint: Sendable, Equatable {
    /// The words.
    package var text = ""
    /// Why it ended.
    package var finishReason = ""
    /// Tokens of the answer.
    package var tokens = 0
    /// The sum of gate weights by expert index.
    package var gateMass: [String: Double] = [:]
    /// Whether it says that an expert was missing.
    package var isDegraded = false

    /// An answer of which nothing has come yet.
    package init() {}

    /// Sums of the same numbers in another order differ in their last bits; wrong rows change far more than this.
    private static let tolerance = 1e-9

    /// Whether another answer is the same one.
    package func matches(_ other: AnswerFingerprint) -> Bool {
        guard text == other.text, finishReason == other.finishReason, tokens == other.tokens,
            Set(gateMass.keys) == Set(other.gateMass.keys)
        else { return false }
        return gateMass.allSatisfy { key, mass in
            let twin = other.gateMass[key] ?? 0
            return abs(mass - twin) <= Self.tolerance * max(1, abs(mass))
        }
    }
}

/// Puts a streamed answer together, event by event.
package struct AnswerReader {
    /// What came so far.
    package private(set) var answer = AnswerFingerprint()
    /// The code of an error in place of the rest.
    package private(set) var error: String?
    /// Whether the last event came.
    package private(set) var hasEnded = false

    /// Starts before the first event.
    package init() {}

    /// Takes the data of one event; false when it is no event of an answer.
    package mutating func take(_ data: [UInt8]) -> Bool {
        guard !data.elementsEqual("[DONE]".utf8) else {
            hasEnded = true
            return true
        }
        guard case .object(let object) = try? JSONParser.parse(data) else { return false }
        if case .object(let failure) = object["error"] {
            error = failure["code"]?.text ?? failure["type"]?.text ?? "error"
            return true
        }
        if case .array(let choices) = object["choices"], case .object(let choice) = choices.first {
            if case .object(let delta) = choice["delta"] { answer.text += delta["content"]?.text ?? "" }
            if let reason = choice["finish_reason"]?.text { answer.finishReason = reason }
        }
        if case .object(let usage) = object["usage"], case .integer(let tokens) = usage["completion_tokens"] {
            answer.tokens = tokens
        }
        if case .object(let ours) = object["medmoe"] { take(ours) }
        return true
    }

    /// The header said that a part was made while an expert was missing.
    mutating func markDegraded() { answer.isDegraded = true }

    private mutating func take(_ ours: JSONObject) {
        if ours["degraded"] == .bool(true) { answer.isDegraded = true }
        guard case .array(let experts) = ours["experts"] else { return }
        for expert in experts {
            guard case .object(let expert) = expert, let name = expert["expert"]?.text else { continue }
            switch expert["gate_mass"] {
            case .number(let mass): answer.gateMass[name] = mass
            case .integer(let mass): answer.gateMass[name] = Double(mass)
            default: break
            }
        }
    }
}

extension JSONValue {
    fileprivate var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}
