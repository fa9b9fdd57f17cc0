/// Why a checkpoint is refused, or a file of it cannot be written: which file, which tensor, where in the file.
package struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: String, Sendable, CaseIterable {
        /// A file or folder that must be there is absent.
        case missingFile
        /// A file is there but cannot be opened, read or mapped.
        case unreadableFile
        /// A file is shorter than its header says.
        case truncated
        /// A safetensors header breaks the format.
        case invalidHeader
        /// `model.safetensors.index.json` breaks the format or contradicts a shard.
        case invalidIndex
        /// A file is not JSON, or its JSON has another shape than expected.
        case invalidJSON
        /// `config.json` or its companions hold a number or word that cannot be right.
        case invalidConfiguration
        /// The files are well formed but of a kind that is not served here.
        case unsupported
        /// A tensor that must be there is absent.
        case missingTensor
        /// A tensor has another shape than expected.
        case wrongShape
        /// A tensor's numbers are of a kind that cannot be read as floats.
        case wrongDType
        /// Weights that are read without trouble do not compute.
        case unusableWeights
        /// A file cannot be written.
        case unwritable
    }

    /// What kind of refusal this is.
    package let code: Code
    /// The file at fault, without its folder where the folder is the checkpoint's.
    package let file: String?
    /// The tensor at fault.
    package let tensor: String?
    /// Offset into the file in bytes, where that helps.
    package let offset: Int?
    /// One sentence: what was expected, what came, what to do.
    package let message: String

    /// Describes a refusal.
    package init(_ code: Code, file: String? = nil, tensor: String? = nil, offset: Int? = nil, _ message: String) {
        self.code = code
        self.file = file
        self.tensor = tensor
        self.offset = offset
        self.message = message
    }

    /// `file: tensor x, offset n: message`.
    package var description: String {
        var place: [String] = []
        if let tensor { place.append("tensor \(tensor)") }
        if let offset { place.append("offset \(offset)") }
        return [file, place.isEmpty ? nil : place.joined(separator: ", "), message]
            .compactMap { $0 }
            .joined(separator: ": ")
    }

    /// A word from a file as it may stand in a message: visible ASCII, at most 100 characters.
    package static func quotable(_ word: String) -> String {
        let visible = word.unicodeScalars.prefix(100).map { (32...126).contains($0.value) ? Character($0) : "?" }
        return String(visible) + (word.unicodeScalars.count > 100 ? "..." : "")
    }
}
