/// One fault that can be tried, by its name.
package struct ChaosScenario: Sendable {
    /// The name that `--only` takes.
    package let name: String
    /// What happens, in a few words.
    package let summary: String
    /// Whether it is among those of the short form.
    package let isShort: Bool
    private let body: @Sendable (ChaosStage) async throws -> ChaosRow

    init(
        _ name: String,
        _ summary: String,
        isShort: Bool = false,
        _ body: @escaping @Sendable (ChaosStage) async throws -> ChaosRow,
    ) {
        self.name = name
        self.summary = summary
        self.isShort = isShort
        self.body = body
    }

    /// Tries it; what stops it half-way is a broken promise, for nobody knows what would have come.
    package func run(on stage: ChaosStage) async -> ChaosRow {
        do {
            return try await body(stage)
        } catch {
            var row = ChaosRow(name, LoadTally())
            row.broken = ["it could not be tried to its end: \(error)"]
            return row
        }
    }

    /// All faults, in the order in which they are tried.
    package static let all: [ChaosScenario] =
        processes + weights + network + routers + clients + machine + elsewhere + [memory, random]
}
