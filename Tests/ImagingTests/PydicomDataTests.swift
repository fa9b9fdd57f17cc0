import Foundation
import Imaging
import Testing

/// Every distinct file of pydicom-data against pydicom and NumPy; runs only where `dev/fetch-pictures --tests` has been.
struct PydicomDataTests {
    struct Sample: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let syntax: String
        let photometric: String
        let bits: String
        let frames: Int
        let width: Int?
        let height: Int?
        /// Frame to the SHA-256 of its RGB bytes.
        let pixels: [String: String]?
        let refused: String?

        var testDescription: String { file }

        func row(_ result: String) -> String {
            "| \(file) | \(syntax) | \(photometric) | \(bits) | \(frames) | \(result) |"
        }
    }

    static let samples = Result {
        try JSONDecoder().decode([Sample].self, from: Data(ImageFixture.read("pydicom-data.json")))
    }

    /// The cache folder, or nil after saying so.
    static let folder: URL? = {
        let folder = RealPictureTests.cache.appending(path: "pydicom-data")
        let all = (try? samples.get()) ?? []
        let isThere = all.allSatisfy { FileManager.default.fileExists(atPath: folder.appending(path: $0.file).path) }
        if isThere, !all.isEmpty { return folder }
        print("NOT RUN: the files of pydicom-data are not in \(folder.path); dev/fetch-pictures --tests fetches them")
        return nil
    }()

    static let table = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/dicom-coverage.md")

    @Test(
        "a real DICOM file gives pydicom's pixels or a reason, and the table in docs says which",
        .enabled(if: folder != nil),
        arguments: try samples.get()
    )
    func pixels(_ sample: Sample) throws {
        let rows = try String(contentsOf: Self.table, encoding: .utf8).split(separator: "\n")
        let bytes = [UInt8](try Data(contentsOf: try #require(Self.folder).appending(path: sample.file)))
        if sample.refused != nil {
            let error = try #require(throws: ImageError.self) { try ImageDecoder.decode(bytes) }
            let row = sample.row("refused, \(error.code): \(error.message)")
            #expect(rows.contains(row[...]), "the table has no row \(row)")
            return
        }
        for (frame, hash) in try #require(sample.pixels) {
            let options = ImageDecodingOptions(frame: try #require(Int(frame)))
            let type = "application/dicom"
            let decoded = try ImageDecoder.decode(bytes, declaredType: type, options: options)
            #expect(decoded.image.width == sample.width)
            #expect(decoded.image.height == sample.height)
            #expect(decoded.frameCount == sample.frames)
            #expect(hexDigest(decoded.image.rgb) == hash, "frame \(frame)")
        }
        #expect(rows.contains(sample.row("equal")[...]), "the table has no row \(sample.row("equal"))")
    }

    @Test("the table has a row for each file and no other")
    func rows() throws {
        let rows = try String(contentsOf: Self.table, encoding: .utf8).split(separator: "\n").filter {
            $0.contains(".dcm |")
        }
        #expect(rows.count == (try Self.samples.get()).count)
    }
}
