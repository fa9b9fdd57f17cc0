/// A place where bytes from outside come in, in a form that a fuzzer can drive.
///
/// To add one: write a file with a `static let` as in the others, and put it into `all`.
package struct FuzzEntry: Sendable {
    /// The name of the entry, also that of its folder in `Fuzz/corpus`.
    package let name: String
    private let body: @Sendable ([UInt8], FuzzFolder) -> Void

    /// An entry that gives `body` one input and a folder for files; the body catches what the code under test throws.
    init(_ name: String, _ body: @escaping @Sendable ([UInt8], FuzzFolder) -> Void) {
        self.name = name
        self.body = body
    }

    /// Every entry, in the order in which `dev/fuzz all` takes them.
    package static let all: [FuzzEntry] = [
        safetensorsHeader, index, manifest, config, tokenizer, dicom, png, jpeg, tiff, webp, wire, placement, allowList,
    ]

    /// Runs one input.
    ///
    /// An error is a good answer; only a trap, a bad access, a leak or a hang is a finding.
    package func run(_ input: [UInt8], in folder: FuzzFolder) {
        body(input, folder)
    }
}
