internal import Shared

/// The least that named figures may be.
package struct Thresholds: Sendable {
    /// Why a file is none, or does not fit what was measured, in one sentence.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        /// The sentence.
        package let description: String
    }

    /// Names and least values, in the order of the file.
    package let least: [(name: String, value: Double)]

    /// Reads `{"figure": 0.5, …}`, shares above 0 and up to 1.
    package init(json: [UInt8]) throws(Failure) {
        guard case .object(let object)? = try? JSONParser.parse(json) else {
            throw Failure(description: "Expected a JSON object of figures and least shares, found something else.")
        }
        var least: [(name: String, value: Double)] = []
        for (name, value) in object.members {
            let number: Double? =
                switch value {
                case .integer(let whole): Double(whole)
                case .number(let number): number
                default: nil
                }
            guard let number, number > 0, number <= 1 else {
                throw Failure(description: "Expected a share above 0 and up to 1 for \(name), found \(value.kind).")
            }
            least.append((name, number))
        }
        guard !least.isEmpty else {
            throw Failure(description: "Expected at least one figure with its least share, found none.")
        }
        self.least = least
    }

    /// What came out of a comparison.
    package struct Outcome: Sendable, Equatable {
        /// A sentence for each figure that is below its least value.
        package var below: [String] = []
        /// Figures that this machine has no instructions for.
        package var notMeasured: [String] = []
    }

    /// Compares figures with their least values.
    ///
    /// - Throws: `Failure` for a threshold of a figure that does not exist: a check of nothing must not pass.
    package func check(_ figures: [(name: String, value: Double?)]) throws(Failure) -> Outcome {
        let known = Dictionary(figures.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        var outcome = Outcome()
        for (name, least) in least {
            guard let figure = known[name] else {
                throw Failure(description: "Expected a threshold of a figure that is measured, found \(name).")
            }
            guard let value = figure else {
                outcome.notMeasured.append(name)
                continue
            }
            if !(value >= least) { outcome.below.append("\(name) is \(Self.text(value)), below \(Self.text(least)).") }
        }
        return outcome
    }

    /// Three decimals, rounded down so that what failed never looks as if it had passed.
    private static func text(_ share: Double) -> String {
        guard share.isFinite, share >= 0, share < 1e6 else { return String(share) }
        let thousandths = Int(share * 1000 + 1e-9)
        let digits = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
