import Foundation
import Imaging
import Testing

/// Real pictures against what the original code made of them; runs only where the golden data lies.
struct GoldenPreprocessingTests {
    struct Cases: Decodable {
        let cases: [Case]
    }

    struct Case: Decodable {
        let key: String
        let image: String
        let size: Int
        let pad: Bool
    }

    /// The golden folder, or nil after saying so.
    static let folder: URL? = {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let shared =
            ProcessInfo.processInfo.environment["MEDMOE_SHARED"].map { URL(filePath: $0) }
            ?? checkout.deletingLastPathComponent().appending(path: "shared")
        let golden = shared.appending(path: "golden")
        if FileManager.default.fileExists(atPath: golden.appending(path: "preprocess_cases.json").path) {
            return golden
        }
        print("NOT RUN: no golden data at \(golden.path); set MEDMOE_SHARED to the folder that holds golden/")
        return nil
    }()

    @Test("resized bytes of every golden case equal the original's", .enabled(if: folder != nil))
    func bytes() throws {
        let folder = try #require(Self.folder)
        let cases = try JSONDecoder().decode(
            Cases.self,
            from: Data(contentsOf: folder.appending(path: "preprocess_cases.json")),
        ).cases
        let golden = try TensorFile(folder.appending(path: "preprocess.safetensors"))
        #expect(cases.count >= 13)
        for example in cases {
            let image = try decode(folder.appending(path: "images/\(example.image)"))
            let preprocessing = ImagePreprocessing(size: example.size, padToSquare: example.pad)
            let bytes = ImagePreprocessor(preprocessing).resizedBytes(image)
            #expect(bytes == (try golden.bytes(example.key)), "\(example.key)")
        }
    }

    @Test(
        "pixel values of the golden chats equal the original's",
        .enabled(if: folder != nil),
        arguments: [("stablelm-tiny", "clip-84"), ("phi-tiny", "clip-56")],
    )
    func pixelValues(_ model: String, _ tower: String) throws {
        struct Chats: Decodable {
            let cases: [Chat]
        }
        struct Chat: Decodable {
            let name: String
            let images: [String]?
            let pad: Bool?
        }
        let folder = try #require(Self.folder)
        let json = try Data(contentsOf: folder.appending(path: "\(tower)/preprocessor_config.json"))
        let chats = try JSONDecoder().decode(
            Chats.self,
            from: Data(contentsOf: folder.appending(path: "\(model)/cases.json")),
        ).cases
        let golden = try TensorFile(folder.appending(path: "\(model)/cases.safetensors"))
        var compared = 0
        for chat in chats {
            guard let name = chat.images?.first else { continue }
            let preprocessing = try ImagePreprocessing(json: [UInt8](json), padToSquare: chat.pad ?? false)
            let image = try decode(folder.appending(path: "images/\(name)"))
            let values = ImagePreprocessor(preprocessing).pixelValues(image)
            let expected = try golden.floats("\(chat.name)/pixel_values")
            try #require(values.count == expected.count)
            let worst = zip(values, expected).map { abs($0 - $1) }.max() ?? 0
            print("\(model) \(chat.name): largest difference of pixel values \(worst)")
            #expect(worst == 0, "\(chat.name)")
            compared += 1
        }
        #expect(compared >= 4)
    }

    private func decode(_ url: URL) throws -> RasterImage {
        try ImageDecoder.decode([UInt8](Data(contentsOf: url))).image
    }
}

/// The least that reads a tensor out of a safetensors file.
private struct TensorFile {
    private struct Entry: Decodable {
        let data_offsets: [Int]
    }

    private let data: Data
    private let start: Int
    private let header: [String: Any]

    init(_ url: URL) throws {
        data = try Data(contentsOf: url, options: .alwaysMapped)
        let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        start = 8 + length
        header = try JSONSerialization.jsonObject(with: data[8..<start]) as? [String: Any] ?? [:]
    }

    func bytes(_ name: String) throws -> [UInt8] {
        let entry = try #require(header[name] as? [String: Any], "\(name) is not in the golden file")
        let offsets = try #require(entry["data_offsets"] as? [Int])
        return [UInt8](data[(start + offsets[0])..<(start + offsets[1])])
    }

    func floats(_ name: String) throws -> [Float] {
        let raw = try bytes(name)
        return stride(from: 0, to: raw.count, by: 4).map { index in
            Float(bitPattern: (0..<4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(raw[index + $1]) })
        }
    }
}
