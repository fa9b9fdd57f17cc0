import Foundation
import Imaging
import Testing

/// One file of `Fixtures/images` with what `dev/make-phantoms.py` expects of it.
struct ImageFixture: Decodable, Sendable, CustomTestStringConvertible {
    let file: String
    // A good file has these.
    let format: String?
    let width: Int?
    let height: Int?
    let frames: Int?
    let modality: String?
    let bodyPart: String?
    let declaredType: String?
    let tolerance: Int?
    let sha256: String?
    let expected: String?
    /// What is asked of it, as in a data URL.
    let parameters: [String: String]?
    // A bad one has these.
    let error: String?
    let mentions: String?

    var testDescription: String { file }

    func options() throws -> ImageDecodingOptions {
        var options = ImageDecodingOptions()
        for (name, value) in parameters ?? [:] { try options.set(name, to: value) }
        return options
    }

    func decode() throws -> DecodedImage {
        try ImageDecoder.decode(bytes(), declaredType: declaredType, options: options())
    }

    func bytes() throws -> [UInt8] { try Self.read(file) }

    static func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/images")

    static let manifest = Result { try JSONDecoder().decode(Manifest.self, from: Data(read("manifest.json"))) }
    static var good: [ImageFixture] { get throws { try manifest.get().files.filter { $0.error == nil } } }
    static var bad: [ImageFixture] { get throws { try manifest.get().files.filter { $0.error != nil } } }

    struct Manifest: Decodable {
        /// Stands in every DICOM fixture as the patient's name, and must never be seen again.
        let secret: String
        let files: [ImageFixture]
    }
}
