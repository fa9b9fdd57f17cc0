/// A run of `medmoe-chaos`: the stage, then fault after fault.
package enum ChaosRun {
    /// Tries the scenarios in their order; `progress` hears each name before it is tried.
    package static func report(
        _ scenarios: [ChaosScenario],
        setup: ChaosSetup,
        progress: (String) -> Void,
    ) async throws -> ChaosReport {
        progress("answers of one process")
        let stage = try await ChaosStage(setup)
        var rows: [ChaosRow] = []
        for scenario in scenarios {
            progress(scenario.name)
            rows.append(await scenario.run(on: stage))
        }
        await stage.close()
        return ChaosReport(seed: setup.seed, rows: rows)
    }
}
