internal import ArgumentParser
internal import CommandSupport
internal import Foundation

/// `medmoe ask`: one question, one answer.
struct Ask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask one question, with or without images.",
        discussion: """
            Asks the server at --url, or loads --model into this process for one answer.

            EXAMPLES
              medmoe ask --image chest.png "Is there evidence of pneumonia?"
              medmoe ask --model models/medmoe-nano --image scan.dcm \\
                  --provenance "What modality is this?"
            """,
    )

    @Argument(help: "The question.")
    var question: String

    @Option(help: "The server. (default: http://127.0.0.1:8080)")
    var url: String?

    @Option(help: "A checkpoint folder to load instead of asking a server.")
    var model: String?

    @Option(help: "An image file: PNG, JPEG, TIFF, WebP or DICOM; may be given several times.")
    var image: [String] = []

    @OptionGroup var imageChoice: ImageChoice

    @OptionGroup var compute: ComputeOptions

    @Option(help: "Tokens to generate at most.")
    var maxTokens: Int?

    @Flag(help: "Print the whole response as JSON.")
    var json = false

    @Flag(help: "Print which experts made the answer, and where.")
    var provenance = false

    func validate() throws {
        if url != nil, model != nil { throw ValidationError("Give --url or --model, not both.") }
        if question.isEmpty { throw ValidationError("The question is empty.") }
    }

    func run() async throws {
        guard let model else {
            try await ask(url ?? "http://127.0.0.1:8080")
            return
        }
        try await EmbeddedServer.run(model, compute: compute) { try await ask($0) }
    }

    private func ask(_ url: String) async throws {
        let client = QuestionClient(url: url)
        let response = try await client.ask(
            question,
            images: try image.map { try QuestionClient.Image(path: $0, parameters: imageChoice.parameters) },
            maximumTokens: maxTokens,
            provenance: provenance,
        )
        if json {
            print(response.text)
            return
        }
        print(response.answer)
        if provenance { print("\n" + response.provenanceTable) }
    }
}
