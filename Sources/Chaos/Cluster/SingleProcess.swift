internal import Foundation
internal import LocalCluster
internal import Shared

/// The answers of one process that holds everything: what every other answer has to be.
enum SingleProcess {
    /// Starts `medmoe serve`, asks each prompt once, and ends it.
    static func answers(
        to prompts: [ChaosPrompt],
        client: ChaosClient,
        setup: ChaosSetup,
    ) async throws -> [AnswerFingerprint] {
        guard let port = FreePort.find() else {
            throw ChaosError("Expected a free port on the loopback interface, found none; end other servers.")
        }
        try FileManager.default.createDirectory(atPath: setup.folder, withIntermediateDirectories: true)
        let ours = ["OPENBLAS_NUM_THREADS": "1"]
        let process = try ChildProcess(
            name: "single",
            executable: setup.programs + "/medmoe",
            arguments: [
                "serve", setup.model, "--port", String(port), "--threads", "1", "--served-name", ChaosSetup.servedName,
                "--no-prefix-cache",
            ],
            environment: ProcessInfo.processInfo.environment.merging(ours) { _, new in new },
            logPath: setup.folder + "/single.log",
        )
        let url = "http://127.0.0.1:\(port)"
        let answers: Result<[AnswerFingerprint], any Error>
        do {
            answers = .success(try await ask(prompts, at: url, process: process, client: client))
        } catch {
            answers = .failure(error)
        }
        process.terminate()
        if !(await process.waitForExit(until: .now + .seconds(10))) { process.signal(SIGKILL) }
        return try answers.get()
    }

    private static func ask(
        _ prompts: [ChaosPrompt],
        at url: String,
        process: ChildProcess,
        client: ChaosClient,
    ) async throws -> [AnswerFingerprint] {
        let end = ContinuousClock.now + .seconds(120)
        while await client.get(url + "/readyz")?.status != 200 {
            guard process.isRunning, ContinuousClock.now < end else {
                throw ChaosError("The single process did not become ready; the end of its log:\n\(process.logTail())")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        var answers: [AnswerFingerprint] = []
        for prompt in prompts {
            let (result, _) = await client.ask(prompt, at: url, model: ChaosSetup.servedName)
            switch result {
            case .success(let answer): answers.append(answer)
            case .failure(let failure):
                throw ChaosError("The single process gave no answer to hold others against: \(failure).")
            }
        }
        return answers
    }
}
