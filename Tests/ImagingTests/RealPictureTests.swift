import Foundation
import Imaging
import Testing

/// The demo's real pictures against Pillow, pydicom and NumPy; runs only where `dev/fetch-pictures` has been.
struct RealPictureTests {
    struct Picture: Sendable, CustomTestStringConvertible {
        let name: String
        let width: Int
        let height: Int
        let modality: String?
        /// Of the RGB bytes that the independent decoders give.
        let sha256: String

        var testDescription: String { name }
    }

    static let pictures = [
        Picture(
            name: "xray-chest.dcm",
            width: 1841,
            height: 1955,
            modality: "CR",
            sha256: "f297ec5752dbf273e299c9dc68fc548d0a8110f807245007b7ae97a2150cbe21",
        ),
        Picture(
            name: "ct-head.dcm",
            width: 512,
            height: 512,
            modality: "CT",
            sha256: "b072a144a46ab12f034e08d6ba1dec2a80b5257578c04ada5ccad831da0434b5",
        ),
        Picture(
            name: "mr-abdomen.dcm",
            width: 484,
            height: 484,
            modality: "MR",
            sha256: "238fdcd642fcd101269d82658c4d3cd920132970e987343caccb3eea1aae234d",
        ),
        Picture(
            name: "mr-shoulder.dcm",
            width: 1024,
            height: 1024,
            modality: "MR",
            sha256: "324778dc97d6c2005b4372c6f712551d90d860d4439c7abfb634f014421742a7",
        ),
        Picture(
            name: "pathology-he.jpg",
            width: 240,
            height: 240,
            modality: nil,
            sha256: "94618adab5b24ff443defd47f1020e2be81b33e884e91bb2b2631ecccb2f0f95",
        ),
        Picture(
            name: "pathology-ihc.png",
            width: 512,
            height: 512,
            modality: nil,
            sha256: "c5b3ef509a92f16d4c29be8cf0300fe75d53e13a3ce650159db932caea8dcc1b",
        ),
    ]

    /// Where `dev/fetch-pictures` keeps its files.
    static let cache: URL = {
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
        return environment["MEDMOE_PICTURES"].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }
            ?? cache.appending(path: "medmoe/pictures")
    }()

    /// The cache folder, or nil after saying so.
    static let folder: URL? = {
        let folder = cache
        let isThere = pictures.allSatisfy {
            FileManager.default.fileExists(atPath: folder.appending(path: $0.name).path)
        }
        if isThere { return folder }
        print("NOT RUN: no real pictures in \(folder.path); dev/fetch-pictures fetches them")
        return nil
    }()

    /// A slide, or nil after saying so.
    static let slide: URL? = {
        let slide = cache.appending(path: "slide.svs")
        if FileManager.default.fileExists(atPath: slide.path) { return slide }
        print("NOT RUN: no slide at \(slide.path); dev/fetch-pictures --tests fetches it")
        return nil
    }()

    @Test("a region of a real slide is the tile that stands there", .enabled(if: slide != nil))
    func regionOfSlide() throws {
        let bytes = [UInt8](try Data(contentsOf: try #require(Self.slide)))
        // Of ten tiles in a row the 45th; the demo's picture is cut out of the file by other code.
        let region = ImageDecodingOptions(region: .init(x: 960, y: 960, width: 240, height: 240))
        let tile = try ImageDecoder.decode(bytes, options: region)
        #expect(hexDigest(tile.image.rgb) == Self.pictures.first { $0.name == "pathology-he.jpg" }?.sha256)
        let whole = try ImageDecoder.decode(bytes).image
        #expect(whole.width == 2220)
        #expect(whole.height == 2967)
        let across = ImageDecodingOptions(region: .init(x: 1100, y: 1150, width: 300, height: 77))
        let part = try ImageDecoder.decode(bytes, options: across).image
        var rows: [UInt8] = []
        for row in 1150..<1227 {
            let start: Int = (row * 2220 + 1100) * 3
            rows += whole.rgb[start..<start + 900]
        }
        #expect(part.rgb == rows)
    }

    @Test("a real picture gives the pixels of an independent decoder", .enabled(if: folder != nil), arguments: pictures)
    func pixels(_ picture: Picture) throws {
        let url = try #require(Self.folder).appending(path: picture.name)
        let decoded = try ImageDecoder.decode([UInt8](Data(contentsOf: url)))
        #expect(decoded.image.width == picture.width)
        #expect(decoded.image.height == picture.height)
        #expect(decoded.modality == picture.modality)
        #expect(hexDigest(decoded.image.rgb) == picture.sha256)
    }
}
