/// Reads the texts of labels: one on each line, in the order of their numbers.
package enum LabelFile {
    /// Labels that one set may have: as many as a server compares at once.
    package static let limit = 256

    /// The labels that bytes hold.
    package static func parse(_ bytes: [UInt8]) throws(EvaluationError) -> [String] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw EvaluationError(.invalidFile, "Expected labels in UTF-8, one on each line; the file is none.")
        }
        var labels = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            .map(PythonText.stripped)
        if labels.last?.isEmpty == true { labels.removeLast() }
        guard (2...limit).contains(labels.count), Set(labels).count == labels.count, !labels.contains("") else {
            throw EvaluationError(
                .invalidFile,
                "Expected 2 to \(limit) labels, one on each line, each once; \(labels.count) lines came.",
            )
        }
        return labels
    }
}
