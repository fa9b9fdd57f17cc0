/// The kinds of image file that are told apart, by their first bytes and not by what the sender calls them.
package enum ImageFormat: String, Hashable, Sendable, CaseIterable {
    /// Portable Network Graphics.
    case png
    /// JPEG in a JFIF, Exif or bare stream.
    case jpeg
    /// A DICOM object, with or without its preamble.
    case dicom
    /// WebP; a still one is read.
    case webp
    /// TIFF and BigTIFF, and the slides of microscopes that are made of it.
    case tiff
    /// GIF, recognised and refused.
    case gif
    /// Windows bitmap, recognised and refused.
    case bmp
    /// JPEG 2000 outside DICOM, recognised and refused.
    case jpeg2000

    /// Looks at the first bytes; nil when nothing known begins so.
    ///
    /// A DICOM object without preamble has no mark of its own: it is taken for one when nothing else fits and
    /// `declaredType` says `application/dicom`.
    package init?(sniffing bytes: Span<UInt8>, declaredType: String? = nil) {
        func begins(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
            bytes.count >= offset + prefix.count && prefix.indices.allSatisfy { bytes[offset + $0] == prefix[$0] }
        }
        if begins([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if begins([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if begins(Array("DICM".utf8), at: 128) {
            // Before TIFF: the preamble is free, and some writers put a TIFF header there.
            self = .dicom
        } else if begins(Array("RIFF".utf8)), begins(Array("WEBP".utf8), at: 8) {
            self = .webp
        } else if [[0x49, 0x49, 0x2A, 0], [0x4D, 0x4D, 0, 0x2A], [0x49, 0x49, 0x2B, 0], [0x4D, 0x4D, 0, 0x2B]]
            .contains(where: { begins($0) })
        {
            self = .tiff
        } else if begins(Array("GIF8".utf8)) {
            self = .gif
        } else if begins([0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20]) || begins([0xFF, 0x4F, 0xFF, 0x51]) {
            self = .jpeg2000
        } else if begins(Array("BM".utf8)), begins([0, 0, 0, 0], at: 6) {
            self = .bmp
        } else if bytes.count > 0, Self.isDICOM(declaredType) {
            self = .dicom
        } else {
            return nil
        }
    }

    /// The name used in messages.
    package var name: String {
        switch self {
        case .png: "PNG"
        case .jpeg: "JPEG"
        case .dicom: "DICOM"
        case .webp: "WebP"
        case .tiff: "TIFF"
        case .gif: "GIF"
        case .bmp: "BMP"
        case .jpeg2000: "JPEG 2000"
        }
    }

    /// Media types may carry parameters and any case: `Application/DICOM; transfer-syntax=...`.
    private static func isDICOM(_ type: String?) -> Bool {
        guard let essence = type?.split(separator: ";").first else { return false }
        return essence.filter { $0 != " " }.lowercased() == "application/dicom"
    }
}
