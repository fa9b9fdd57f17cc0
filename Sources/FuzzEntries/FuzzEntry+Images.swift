internal import Imaging

extension FuzzEntry {
    /// A DICOM object, with or without preamble.
    static let dicom = FuzzEntry("dicom") { input, _ in
        decode(input, only: .dicom)
    }

    /// A PNG: as it came, and once more with the checksums of its chunks put right.
    ///
    /// Without that nearly every change would end at a checksum.
    static let png = FuzzEntry("png") { input, _ in
        decode(input, only: .png)
        if let mended = PNGChecksums.mended(input) { decode(mended, only: .png) }
    }

    /// A JPEG.
    static let jpeg = FuzzEntry("jpeg") { input, _ in
        decode(input, only: .jpeg)
    }

    /// A TIFF or BigTIFF, slides among them.
    static let tiff = FuzzEntry("tiff") { input, _ in
        decode(input, only: .tiff)
    }

    /// A WebP.
    static let webp = FuzzEntry("webp") { input, _ in
        decode(input, only: .webp)
    }

    /// Small limits: what is large is refused by its header, and the rest is quick.
    private static let limits = ImageLimits(maximumBytes: 1 << 20, maximumPixels: 1 << 18, maximumSide: 4096)

    private static func decode(_ input: [UInt8], only format: ImageFormat) {
        // Without a preamble a DICOM object is only known by what the sender calls it.
        let declared = format == .dicom ? "application/dicom" : nil
        guard ImageFormat(sniffing: input.span, declaredType: declared) == format,
            let decoded = try? ImageDecoder.decode(input, declaredType: declared, limits: limits)
        else { return }
        precondition(decoded.image.rgb.count == decoded.image.width * decoded.image.height * 3)
    }
}
