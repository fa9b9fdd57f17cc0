internal import ArgumentParser
internal import Foundation
internal import Model

/// `medmoe tokenize MODEL`: texts to token ids, or ids to texts, a line each.
struct Tokenize: AsyncParsableCommand {
    /// The rules by which words are cut that a user may choose between.
    enum Pattern: String, ExpressibleByArgument, CaseIterable {
        /// Numbers stay together.
        case gpt2
        /// Every digit for itself; text is composed (NFC) first.
        case arcade
    }

    static let configuration = CommandConfiguration(
        abstract: "Turn texts into token ids, or ids into texts.",
        discussion: """
            Reads a JSON string from each line of standard input and writes the ids as a
            JSON list; with --decode it is the other way round. Only the tokenizer's files
            are read. <image> is plain text here, and no template is put around it.

            A line that is not what it should be ends the work: exit code 1, and the line's
            number in the error. What was before it has been written.

            EXAMPLES
              echo '"Is there evidence of pneumonia?"' \\
                  | medmoe tokenize models/medmoe-nano
              echo '[42,17,9]' | medmoe tokenize models/medmoe-nano --decode
              medmoe tokenize MODEL < questions.jsonl > ids.jsonl
            """,
    )

    @Argument(help: "The checkpoint folder.")
    var model: String

    @Flag(help: "Ids in, texts out, as answers are written: special tokens left out.")
    var decode = false

    @Flag(help: "With --decode: keep special tokens and every space.")
    var raw = false

    @Option(help: "How words are cut. (default: what the tokenizer's files ask for)")
    var pretokenizer: Pattern?

    func validate() throws {
        if raw, !decode { throw ValidationError("--raw goes with --decode.") }
    }

    func run() async throws {
        let pattern = pretokenizer.flatMap { TokenizerPattern(rawValue: $0.rawValue) }
        let work = TokenizerLines(
            tokenizer: try ByteLevelBPE(folder: model, pattern: pattern),
            decodes: decode,
            keepsEverything: raw,
        )
        let output = FileHandle.standardOutput
        var lines = LineReader(.standardInput)
        while let line = try lines.next() {
            try output.write(contentsOf: try work.answer(line, number: lines.number) + [UInt8(ascii: "\n")])
        }
    }
}
