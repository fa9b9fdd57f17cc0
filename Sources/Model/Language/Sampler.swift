internal import Glibc

/// How the next token is drawn.
package struct SamplingParameters: Sendable, Equatable {
    /// 0 takes the best token; larger values flatten the distribution.
    package var temperature: Float
    /// Draws only from the smallest set of best tokens whose probabilities reach this sum.
    package var topP: Float
    /// Starts the sequence of draws; the same seed gives the same tokens.
    package var seed: UInt64

    /// Describes a way of drawing; greedy by default.
    package init(temperature: Float = 0, topP: Float = 1, seed: UInt64 = 0) {
        self.temperature = temperature
        self.topP = topP
        self.seed = seed
    }
}

/// Draws one sequence's tokens; its randomness is its own, so neighbours in a batch change nothing.
package struct Sampler: Sendable {
    private let parameters: SamplingParameters
    private var state: UInt64

    /// Starts at the seed.
    package init(_ parameters: SamplingParameters) {
        self.parameters = parameters
        state = parameters.seed
    }

    /// Picks a token from one row of logits; equal logits go to the lower id.
    ///
    /// Nil when no logit is a number.
    package mutating func sample(_ logits: Span<Float>) -> Int? {
        var best: Int?
        for index in 0..<logits.count where !logits[index].isNaN {
            if let current = best, logits[index] <= logits[current] { continue }
            best = index
        }
        guard let best, parameters.temperature > 0 else { return best }
        return draw(logits, most: logits[best])
    }

    private mutating func draw(_ logits: Span<Float>, most: Float) -> Int? {
        var candidates: [(id: Int, mass: Double)] = []
        candidates.reserveCapacity(logits.count)
        for index in 0..<logits.count where !logits[index].isNaN {
            let mass = exp(Double(logits[index] - most) / Double(parameters.temperature))
            if mass > 0 { candidates.append((index, mass)) }
        }
        candidates.sort { ($0.mass, $1.id) > ($1.mass, $0.id) }
        let total = candidates.reduce(0) { $0 + $1.mass }
        var kept = 0
        var keptMass = 0.0
        while kept < candidates.count, kept == 0 || keptMass < Double(parameters.topP) * total {
            keptMass += candidates[kept].mass
            kept += 1
        }
        var point = uniform() * keptMass
        for candidate in candidates.prefix(kept) {
            point -= candidate.mass
            if point < 0 { return candidate.id }
        }
        return candidates.prefix(kept).last?.id
    }

    /// A number in 0..<1 from SplitMix64.
    private mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Double(z >> 11) / Double(1 << 53)
    }
}
