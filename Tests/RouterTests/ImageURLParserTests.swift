import Imaging
import Router
import Testing

/// What a data URL may ask of its image.
struct ImageURLParserTests {
    static func options(_ url: String) throws -> (ImageDecodingOptions, String?) {
        let request = try ChatCompletionParserTests.parse(ChatCompletionParserTests.image(url))
        guard case .image([1, 2, 3], let type, let options)? = request.messages.first?.parts.first else {
            throw Unexpected()
        }
        return (options, type)
    }

    struct Unexpected: Error {}

    static let urls: [(String, ImageDecodingOptions)] = [
        ("data:application/dicom;base64,AQID", ImageDecodingOptions()),
        ("data:application/dicom;frame=3;base64,AQID", ImageDecodingOptions(frame: 3)),
        (
            "data:application/dicom;frame=3;window=-40,400;base64,AQID",
            ImageDecodingOptions(frame: 3, window: .init(center: -40, width: 400))
        ),
        (
            "data:application/dicom;WINDOW=40%2C400;BASE64,AQID",
            ImageDecodingOptions(window: .init(center: 40, width: 400))
        ),
        (
            "data:application/dicom;region=1,2,3,4;orientation=stored;transfer-syntax=1.2;base64,AQID",
            ImageDecodingOptions(region: .init(x: 1, y: 2, width: 3, height: 4), applyOrientation: false)
        ),
    ]

    @Test("frame, window, region and orientation stand as parameters of the media type", arguments: urls)
    func reads(_ url: String, _ expected: ImageDecodingOptions) throws {
        let (options, type) = try Self.options(url)
        #expect(options == expected)
        #expect(type == "application/dicom")
    }

    @Test(
        "a parameter that is not known or not readable is refused by a sentence that says what is",
        arguments: [
            ("data:image/png;frames=secret;base64,AQID", "frame, window, region, orientation"),
            ("data:image/png;frame=secret;base64,AQID", "frame takes"),
            ("data:image/png;frame;base64,AQID", "frame takes"),
            ("data:application/dicom;window=secret,4;base64,AQID", "window takes"),
            ("data:image/tiff;region=1,2,secret;base64,AQID", "region takes"),
        ]
    )
    func refuses(_ url: String, _ says: String) throws {
        let error = try #require(throws: QueryError.self) { _ = try Self.options(url) }
        #expect(error.code == .invalidRequest)
        #expect(error.parameter == "messages[0].content[0].image_url.url")
        #expect(error.message.contains(says), "\(error.message)")
        #expect(!error.message.contains("secret"))
    }
}
