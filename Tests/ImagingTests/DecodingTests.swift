import Crypto
import Imaging
import Testing

/// Every file of `Fixtures/images/good` against the pixels that Pillow, or pydicom with NumPy, gives for it.
struct DecodingTests {
    @Test("a good file gives the pixels of an independent decoder", arguments: try ImageFixture.good)
    func pixels(_ fixture: ImageFixture) throws {
        let decoded = try fixture.decode()
        #expect(decoded.image.width == fixture.width)
        #expect(decoded.image.height == fixture.height)
        if let sha256 = fixture.sha256 {
            #expect(hexDigest(decoded.image.rgb) == sha256)
        } else {
            let expected = try ImageFixture.read(try #require(fixture.expected))
            try #require(expected.count == decoded.image.rgb.count)
            let worst = zip(expected, decoded.image.rgb).map { abs(Int($0) - Int($1)) }.max() ?? 0
            #expect(worst <= (fixture.tolerance ?? 0), "largest difference \(worst)")
        }
    }

    @Test(
        "a good file tells its format, frames, modality and body part, and nothing else",
        arguments: try ImageFixture.good
    )
    func attributes(_ fixture: ImageFixture) throws {
        let decoded = try fixture.decode()
        #expect(decoded.format.rawValue == fixture.format)
        #expect(decoded.frameCount == fixture.frames ?? 1)
        #expect(decoded.modality == fixture.modality)
        #expect(decoded.bodyPart == fixture.bodyPart)
    }

    @Test("the fixtures hold every kind of file that is decoded")
    func coverage() throws {
        let formats = Set(try ImageFixture.good.map(\.format))
        #expect(formats == ["png", "jpeg", "dicom", "tiff", "webp"])
    }

    @Test("a DICOM object without preamble is only read when it is declared as one")
    func undeclared() throws {
        let fixture = try #require(try ImageFixture.good.first { $0.declaredType != nil })
        let error = #expect(throws: ImageError.self) { try ImageDecoder.decode(fixture.bytes()) }
        #expect(error?.code == .notAnImage)
        _ = try ImageDecoder.decode(fixture.bytes(), declaredType: "Application/DICOM; transfer-syntax=x")
    }

    @Test("what the sender calls a file does not matter when its bytes say otherwise")
    func misdeclared() throws {
        let decoded = try ImageDecoder.decode(ImageFixture.read("good/rgb.png"), declaredType: "application/dicom")
        #expect(decoded.format == .png)
    }

    @Test("decoding the same file from many threads gives the same pixels")
    func concurrently() async throws {
        let bytes = try ImageFixture.read("good/enhanced.dcm")
        let reference = try ImageDecoder.decode(bytes).image
        let equal = try await withThrowingTaskGroup { group in
            for _ in 0..<32 {
                group.addTask { try ImageDecoder.decode(bytes).image == reference }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(equal == 32)
    }
}

/// SHA-256 in lower-case hexadecimal digits.
func hexDigest(_ bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}
