import Imaging
import Testing

/// Every file of `Fixtures/images/bad`, and limits: each is refused with its own code and a sentence.
struct RefusalTests {
    @Test("a bad file is refused with its code and a sentence that says why", arguments: try ImageFixture.bad)
    func refused(_ fixture: ImageFixture) throws {
        let type = fixture.file.hasSuffix(".dcm") ? "application/dicom" : nil
        let error = #expect(throws: ImageError.self) { try ImageDecoder.decode(fixture.bytes(), declaredType: type) }
        let refusal = try #require(error)
        #expect(refusal.code.rawValue == fixture.error, "\(refusal)")
        if let mentions = fixture.mentions, !mentions.isEmpty {
            #expect(refusal.message.contains(mentions), "\(refusal)")
        }
        #expect(refusal.message.count > 20)
        let secret = try ImageFixture.manifest.get().secret
        #expect(!refusal.message.contains(secret.prefix(7)))
    }

    @Test(
        "a file cut anywhere is refused, or is whole",
        arguments: [
            "rgb.png", "palette-interlaced-2-bit.png", "420.jpg", "progressive.jpg", "ct-window.dcm", "implicit.dcm",
            "big-endian.dcm", "enhanced.dcm", "palette.dcm", "rle-frame-3.dcm", "jpeg.dcm", "fragments.dcm",
            "jpeg2000.dcm", "lzw.tif", "jpeg.tif", "rgb-tiles.tif", "lossy.webp", "lossless.webp",
        ]
    )
    func cutAnywhere(_ name: String) throws {
        let bytes = try ImageFixture.read("good/" + name)
        let whole = try ImageDecoder.decode(bytes).image
        // Every length over the first bytes, then in steps that meet all remainders.
        for length in Array(0..<min(400, bytes.count)) + Array(stride(from: 400, to: bytes.count, by: 37)) {
            do {
                let image = try ImageDecoder.decode(Array(bytes[..<length]), declaredType: "application/dicom").image
                #expect(image == whole, "cut to \(length) of \(bytes.count) bytes")
            } catch {
                #expect([.truncated, .notAnImage, .corrupt, .unsupported].contains(error.code), "\(length): \(error)")
            }
        }
    }

    @Test(
        "a file with any one byte changed is decoded or refused, and never more",
        arguments: [
            "rgba-interlaced.png", "palette-4-bit.png", "444.jpg", "progressive.jpg", "ct-window.dcm", "implicit.dcm",
            "big-endian.dcm", "enhanced.dcm", "palette-segments.dcm", "display-table.dcm", "rle-rgb.dcm",
            "jpeg-ybr-420.dcm", "fragments.dcm", "jpeg2000-lossy.dcm", "lzw.tif", "jpeg.tif",
            "rgb-tiles.tif", "palette.tif", "slide.tif", "lossy-alpha.webp", "lossless.webp",
        ]
    )
    func changedAnywhere(_ name: String) throws {
        let bytes = try ImageFixture.read("good/" + name)
        let limits = ImageLimits(maximumPixels: 1 << 20)
        var (refused, tried) = (0, 0)
        for position in stride(from: 0, to: min(bytes.count, 3000), by: 3) {
            var changed = bytes
            changed[position] ^= UInt8(truncatingIfNeeded: 1 &+ position &* 37) | 1
            do {
                let image = try ImageDecoder.decode(changed, declaredType: "application/dicom", limits: limits).image
                #expect(image.rgb.count == image.width * image.height * 3)
            } catch {
                #expect(!error.message.isEmpty)
                refused += 1
            }
            tried += 1
        }
        #expect(tried > 100)
        #expect(refused > 0)
    }

    @Test("limits are the caller's: bytes, pixels and sides each have their own, and the limit itself is allowed")
    func limits() throws {
        let bytes = try ImageFixture.read("good/rgb.png")
        let exact = ImageLimits(maximumBytes: bytes.count, maximumPixels: 45 * 37, maximumSide: 45)
        _ = try ImageDecoder.decode(bytes, limits: exact)
        let tighter: [(ImageLimits, ImageError.Code)] = [
            (ImageLimits(maximumBytes: bytes.count - 1), .tooManyBytes),
            (ImageLimits(maximumPixels: 45 * 37 - 1), .tooManyPixels),
            (ImageLimits(maximumSide: 44), .tooManyPixels),
        ]
        for (limits, code) in tighter {
            let error = #expect(throws: ImageError.self) { try ImageDecoder.decode(bytes, limits: limits) }
            #expect(error?.code == code)
        }
    }

    @Test("sequences nested to any depth do not exhaust the stack", arguments: [1000, 32_768, 200_000])
    func nestedSequences(_ depth: Int) throws {
        // Implicit VR: (0040,0555) is a sequence by the dictionary; both lengths undefined.
        let level: [UInt8] = [
            0x40, 0x00, 0x55, 0x05, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF,
        ]
        var bytes = try header(ofImplicitFile: "good/implicit.dcm")
        for _ in 0..<depth { bytes += level }
        let error = #expect(throws: ImageError.self) { try ImageDecoder.decode(bytes) }
        #expect(error?.code == (depth > 32_768 ? .unsupported : .corrupt), "\(String(describing: error))")
    }

    @Test("a header of endless small attributes is refused before it takes much memory")
    func endlessHeader() throws {
        var bytes = try header(ofImplicitFile: "good/implicit.dcm")
        for number in 0..<1_500_000 {
            let (group, element) = (0x0009 + 2 * (number >> 16), number & 0xFFFF)
            bytes += [UInt8(group & 0xFF), UInt8(group >> 8), UInt8(element & 0xFF), UInt8(element >> 8), 0, 0, 0, 0]
        }
        let error = #expect(throws: ImageError.self) { try ImageDecoder.decode(bytes) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("MiB of attributes") == true)
    }

    @Test("Seven megabytes of private attributes before a picture are read, nine are refused", arguments: [7, 9])
    func largeHeader(megabytes: Int) throws {
        let file = try ImageFixture.read("good/implicit.dcm")
        let header = try header(ofImplicitFile: "good/implicit.dcm")
        var bytes = header
        // Values of 60,000 bytes end anywhere within the pieces in which the file is read.
        for number in 0..<megabytes * 1_048_576 / 60_008 {
            bytes += [0x09, 0x00, UInt8(number & 0xFF), 0x10, 0x60, 0xEA, 0, 0] + [UInt8](repeating: 7, count: 60_000)
        }
        // Group 0009 comes after group 0008; all that is in the file comes after both or does not mind.
        bytes += file[header.count...]
        if megabytes < 8 {
            #expect(try ImageDecoder.decode(bytes).image == ImageDecoder.decode(file).image)
        } else {
            let error = #expect(throws: ImageError.self) { try ImageDecoder.decode(bytes) }
            #expect(error?.message.contains("MiB of attributes") == true)
        }
    }

    /// Preamble, mark and meta header of an implicit VR file.
    private func header(ofImplicitFile name: String) throws -> [UInt8] {
        let bytes = try ImageFixture.read(name)
        // The group length element takes twelve bytes after the mark and counts what follows it.
        let length = Int(bytes[140]) | Int(bytes[141]) << 8
        return Array(bytes[..<(144 + length)])
    }
}
