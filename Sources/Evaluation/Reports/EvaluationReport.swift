package import Shared

/// The figures of one evaluation.
package struct EvaluationReport: Sendable, Equatable {
    /// How predictions and records were put together.
    package let pairing: Pairing.Rule
    /// Records that were answered and not scored, for their answer type is missing or unknown.
    package let unscored: Int
    /// All scored records.
    package let all: ScoreSummary
    /// The scored records of each modality, by its name; records without one are in none.
    package let modalities: [(name: String, summary: ScoreSummary)]
    /// Classification, nil when the data set is none.
    package let classification: Classification?

    /// How often the best label was the right one.
    package struct Classification: Sendable, Equatable {
        /// Number of pictures.
        package var count: Int
        /// Right ones, in percent.
        package var accuracy: Double

        /// Describes a result.
        package init(count: Int, accuracy: Double) {
            self.count = count
            self.accuracy = accuracy
        }
    }

    /// Scores predictions against their records.
    package init(records: [EvaluationRecord], predictions: [Prediction]) throws(EvaluationError) {
        let pairing = try Pairing(records: records, predictions: predictions)
        var scores: [AnswerScore] = []
        var byModality: [String: [AnswerScore]] = [:]
        var (labelled, right, unscored) = (0, 0, 0)
        for (record, prediction) in zip(records, pairing.predictions) {
            if record.label != nil {
                labelled += 1
                if prediction.text == record.answer { right += 1 }
            } else if let kind = record.kind {
                let score = AnswerScore(prediction.text, expected: record.answer, kind: kind)
                scores.append(score)
                if let modality = record.modality { byModality[modality, default: []].append(score) }
            } else {
                unscored += 1
            }
        }
        self.pairing = pairing.rule
        self.unscored = unscored
        all = ScoreSummary(scores)
        modalities = byModality.sorted { $0.key < $1.key }.map { ($0.key, ScoreSummary($0.value)) }
        classification =
            labelled == 0
            ? nil : Classification(count: labelled, accuracy: Double(right) / Double(labelled) * 100)
    }

    /// Equal figures.
    package static func == (left: EvaluationReport, right: EvaluationReport) -> Bool {
        left.json == right.json
    }

    /// The report as JSON, in percent; figures of a kind that has no records are null.
    package var json: JSONValue {
        var members = Self.members(all)
        members.append(
            (
                "by_modality",
                .object(JSONObject(modalities.map { ($0.name, .object(JSONObject(Self.members($0.summary)))) }))
            )
        )
        if let classification {
            let figures: [(String, JSONValue)] = [
                ("n", .integer(classification.count)), ("accuracy", .number(classification.accuracy)),
            ]
            members.append(("classification", .object(JSONObject(figures))))
        }
        members.append(("unscored", .integer(unscored)))
        members.append(("pairing", .string(pairing.rawValue)))
        return .object(JSONObject(members))
    }

    private static func members(_ summary: ScoreSummary) -> [(String, JSONValue)] {
        func figure(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
        let (closed, open) = (summary.closed, summary.open)
        return [
            (
                "closed",
                .object(
                    JSONObject([
                        ("n", .integer(summary.closedCount)), ("accuracy", figure(closed?.accuracy)),
                        ("recall", figure(closed?.recall)), ("precision", figure(closed?.precision)),
                        ("f1", figure(closed?.f1)),
                    ])
                )
            ),
            (
                "open",
                .object(
                    JSONObject([
                        ("n", .integer(summary.openCount)), ("recall", figure(open?.recall)),
                        ("precision", figure(open?.precision)), ("f1", figure(open?.f1)),
                        ("exact_match", figure(open?.exactMatch)), ("bleu1", figure(open?.bleu1)),
                        ("bleu2", figure(open?.bleu2)), ("bleu3", figure(open?.bleu3)),
                    ])
                )
            ),
        ]
    }
}
