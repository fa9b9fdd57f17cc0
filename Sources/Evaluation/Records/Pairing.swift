/// Which prediction answers which record.
package struct Pairing: Sendable, Equatable {
    /// How they were put together.
    package enum Rule: String, Sendable {
        /// By id, whatever the order.
        case id
        /// By position, as the published scorer does.
        case position
    }

    /// How they were put together.
    package let rule: Rule
    /// For each record, in order, its prediction.
    package let predictions: [Prediction]

    /// Puts them together by id when both sides have ids, each once; else by position.
    ///
    /// Ids that have nothing at all in common are of two kinds, and position counts. Throws `mismatch` when the numbers
    /// differ, or when only some of the ids are found.
    package init(records: [EvaluationRecord], predictions: [Prediction]) throws(EvaluationError) {
        guard records.count == predictions.count else {
            throw EvaluationError(
                .mismatch,
                "Expected a prediction for each of \(records.count) records; \(predictions.count) came. Score the file "
                    + "that the predictions were made from, and finish the run.",
            )
        }
        let given = Self.places(predictions.map(\.questionID))
        let wanted = Self.places(records.map(\.id))
        guard let given, let wanted, wanted.keys.contains(where: { given[$0] != nil }) else {
            rule = .position
            self.predictions = predictions
            return
        }
        let found = records.compactMap { $0.id.flatMap { given[$0] } }
        guard found.count == records.count else {
            throw EvaluationError(
                .mismatch,
                "Expected a prediction for each id; \(records.count - found.count) of \(records.count) records have "
                    + "none. Score the file that the predictions were made from.",
            )
        }
        rule = .id
        self.predictions = found.map { predictions[$0] }
    }

    /// Where each id stands; nil unless all are there and differ.
    private static func places(_ ids: [String?]) -> [String: Int]? {
        var places: [String: Int] = [:]
        for (index, id) in ids.enumerated() {
            guard let id, places.updateValue(index, forKey: id) == nil else { return nil }
        }
        return places
    }
}
