import Foundation
import Imaging
import Testing

/// Padding, bicubic resize and crop against Pillow's bytes, on phantoms that both sides draw.
struct ImagePreprocessorTests {
    struct Drawing: Decodable, Sendable {
        let kind: Phantom
        let width: Int
        let height: Int
        let sha256: String
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let kind: Phantom
        let width: Int
        let height: Int
        let shortestEdge: Int
        let cropSize: Int
        let pad: Bool
        let sha256: String

        var testDescription: String {
            "\(kind.rawValue) \(width) x \(height) to \(shortestEdge), crop \(cropSize)\(pad ? ", padded" : "")"
        }
    }

    struct Cases: Decodable {
        let drawings: [Drawing]
        let cases: [Case]

        static func read() throws -> Cases {
            try JSONDecoder().decode(Cases.self, from: Data(ImageFixture.read("preprocessing.json")))
        }
    }

    @Test("both sides draw the same phantoms", arguments: try Cases.read().drawings)
    func drawings(_ drawing: Drawing) {
        #expect(hexDigest(drawing.kind.draw(width: drawing.width, height: drawing.height).rgb) == drawing.sha256)
    }

    @Test("padding, resize and crop equal Pillow's to the byte", arguments: try Cases.read().cases)
    func equalsPillow(_ example: Case) {
        var preprocessing = ImagePreprocessing(size: example.shortestEdge, padToSquare: example.pad)
        preprocessing.cropSize = example.cropSize
        let image = example.kind.draw(width: example.width, height: example.height)
        #expect(hexDigest(ImagePreprocessor(preprocessing).resizedBytes(image)) == example.sha256)
    }

    @Test("pixel values are bytes over 255, less the mean, over the standard deviation")
    func normalizes() {
        let preprocessor = ImagePreprocessor(ImagePreprocessing(size: 8))
        let image = Phantom.noise.draw(width: 13, height: 9)
        let bytes = preprocessor.resizedBytes(image)
        let values = preprocessor.pixelValues(image)
        #expect(values.count == 3 * 8 * 8)
        for (index, value) in values.enumerated() {
            let channel = index / 64
            let exact =
                (Double(bytes[index]) / 255 - ImagePreprocessing.clipMean[channel])
                / ImagePreprocessing.clipStandardDeviation[channel]
            #expect(abs(Double(value) - exact) < 1e-6)
        }
    }

    @Test("a picture of one column takes no more memory than its crop needs", arguments: [false, true])
    func extremeShapes(_ pad: Bool) {
        let column = RasterImage(width: 1, height: 32_768, rgb: [UInt8](repeating: 200, count: 3 * 32_768))
        let row = RasterImage(width: 32_768, height: 1, rgb: column.rgb)
        let preprocessor = ImagePreprocessor(ImagePreprocessing(size: 56, padToSquare: pad))
        let (tall, wide) = (preprocessor.resizedBytes(column), preprocessor.resizedBytes(row))
        #expect(tall.count == 3 * 56 * 56)
        #expect(tall.max() == (pad ? tall.max() : 200))
        // The one picture is the other lying down.
        var turned: [UInt8] = []
        for index in tall.indices {
            let (plane, row, column) = (index / 3136, index % 3136 / 56, index % 56)
            turned.append(wide[plane * 3136 + column * 56 + row])
        }
        #expect(tall == turned)
    }
}
