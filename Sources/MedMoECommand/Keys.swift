internal import ArgumentParser
internal import Shared
internal import Transport

/// `medmoe keys`: makes and shows the keys of routers and nodes.
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make and show the keys by which routers and nodes know each other.",
        discussion: """
            Each process has a key file of its own. What others need is its public key,
            which goes into the allow-list; the secret one stays in the file.

            EXAMPLES
              medmoe keys new --out router.key --name router
              medmoe keys show router.key
            """,
        subcommands: [New.self, Show.self],
    )

    /// `medmoe keys new`.
    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new pair of keys; prints the public one.",
            discussion: "The file gets mode 0600. One that is there already is not overwritten.",
        )

        @Option(help: "The file to write.")
        var out: String

        @Option(help: "Whose keys they are, as a note in the file.")
        var name: String?

        func validate() throws {
            if let name, NodeID(validating: name) == nil {
                throw ValidationError("--name has to be 1 to 128 letters, digits or . _ : -; another name came.")
            }
        }

        func run() async throws {
            let keys = try CurveKeyPair.generate()
            try keys.write(file: out, name: name.map { NodeID($0) })
            print(keys.publicKey)
        }
    }

    /// `medmoe keys show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the public key of a key file.")

        @Argument(help: "The key file.")
        var file: String

        func run() async throws { print(try CurveKeyPair(file: file).publicKey) }
    }
}
