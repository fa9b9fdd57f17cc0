internal import ArgumentParser
internal import CommandSupport
internal import ServingOptions

/// Which router is asked, and what is shown to it before it changes something.
struct ControlOptions: ParsableArguments {
    @Option(help: "The router's address.")
    var url = "http://127.0.0.1:8080"

    @Option(
        help: """
            A file with the token of the router's --control-token-file. (default: MEDMOE_CONTROL_TOKEN_FILE, or none on \
            the router's own machine)
            """
    )
    var tokenFile: String?

    /// The client for that.
    func makeClient() async throws -> PlacementClient {
        let settings = try await Settings(file: nil)
        let token = try settings.string("control-token-file", flag: tokenFile).map(ControlToken.read)
        return PlacementClient(url: url, token: token)
    }
}
