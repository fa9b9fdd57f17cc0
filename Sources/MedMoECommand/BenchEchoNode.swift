internal import ArgumentParser
internal import CZeroMQProbe
internal import CommandSupport
internal import ExpertNode
internal import Foundation
internal import Logging
internal import Model
internal import Shared

/// `medmoe bench echo-node`: the other process of `medmoe bench dispatch`, not for people.
struct BenchEchoNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo-node",
        abstract: "Answer dispatches with their own rows, and bare frames with frames.",
        shouldDisplay: false,
    )

    @Option(help: "Where the node listens.")
    var listen: String

    @Option(help: "Where bare frames are answered.")
    var probe: String

    @Option(help: "Bytes of the header of an answer to bare frames.")
    var headerBytes: Int

    @Option(help: "Numbers in a row.")
    var hidden: Int

    @OptionGroup var waiting: SpinOptions

    @Flag(help: "Shut down when standard input closes.")
    var exitWithStdin = false

    func validate() throws {
        guard hidden > 0, headerBytes > 0 else { throw ValidationError("--hidden and --header-bytes are above 0.") }
    }

    func run() async throws {
        let logger = try ProgramRunner.makeLogger(label: "medmoe-echo", level: nil)
        guard let node = NodeID(validating: "echo") else { throw AskError("Expected a node's name.") }
        var configuration = ExpertNodeService.Configuration(
            node: node,
            listen: listen,
            adminHost: "127.0.0.1",
            adminPort: nil,
            threads: 1,
        )
        configuration.spin = try waiting.spin(await Settings(file: nil))
        let service = try ExpertNodeService(
            configuration: configuration,
            experts: ExpertBank(echoing: [EchoModel.expert: EchoModel.hash()]),
            modelHash: EchoModel.hash(),
            hiddenSize: hidden,
            registry: PrometheusRegistry(),
            logger: logger,
        )
        let (endpoint, bytes) = (probe, headerBytes)
        // It waits in ZeroMQ for good, and ends with the process.
        let thread = Thread {
            let number = unsafe medmoe_probe_answer(endpoint, bytes)
            logger.error("Bare frames are not answered.", metadata: ["errno": "\(number)"])
        }
        thread.name = "probe"
        thread.start()
        try await ProgramRunner.run(service.services, followsStandardInput: exitWithStdin, logger: logger)
    }
}
