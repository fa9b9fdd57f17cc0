internal import CImageCodecs

/// The libraries behind the decoder: all unsafe code of this module stands here.
enum ImageCodec {
    case png
    case jpeg
    case dicom

    /// What a probe tells of a file before its pixels are read.
    struct Header {
        let width: Int64
        let height: Int64
        let frames: Int64
        let modality: String
        let bodyPart: String

        fileprivate var size: medmoe_image_size { medmoe_image_size(width: width, height: height, frames: frames) }
    }

    /// A zero-terminated text that a library writes.
    private struct Text {
        var characters = [CChar](repeating: 0, count: Int(MEDMOE_IMAGE_TEXT_CAPACITY))

        var string: String {
            String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// The codec of a format; nil when the format is only recognised.
    init?(_ format: ImageFormat) {
        switch format {
        case .png: self = .png
        case .jpeg: self = .jpeg
        case .dicom: self = .dicom
        case .webp, .tiff, .gif, .bmp, .jpeg2000: return nil
        }
    }

    /// Reads the header.
    func probe(_ bytes: Span<UInt8>) throws(ImageError) -> Header {
        var size = medmoe_image_size(width: 0, height: 0, frames: 0)
        var message = Text()
        var modality = Text()
        var bodyPart = Text()
        let status = unsafe bytes.withUnsafeBufferPointer { file -> medmoe_image_status in
            guard let base = file.baseAddress else { return MEDMOE_IMAGE_NOT_AN_IMAGE }
            return switch self {
            case .png: unsafe medmoe_png_probe(base, file.count, &size, &message.characters)
            case .jpeg: unsafe medmoe_jpeg_probe(base, file.count, &size, &message.characters)
            case .dicom:
                unsafe medmoe_dicom_probe(
                    base,
                    file.count,
                    &size,
                    &modality.characters,
                    &bodyPart.characters,
                    &message.characters,
                )
            }
        }
        try Self.check(status, message)
        return Header(
            width: size.width,
            height: size.height,
            frames: size.frames,
            modality: modality.string,
            bodyPart: bodyPart.string,
        )
    }

    /// Reads the pixels; the header's size has been checked against the limits.
    func decode(_ bytes: Span<UInt8>, header: Header) throws(ImageError) -> RasterImage {
        let (width, height) = (Int(header.width), Int(header.height))
        var rgb = [UInt8](repeating: 0, count: width * height * 3)
        var message = Text()
        let status = unsafe bytes.withUnsafeBufferPointer { file -> medmoe_image_status in
            guard let base = file.baseAddress else { return MEDMOE_IMAGE_NOT_AN_IMAGE }
            return switch self {
            case .png: unsafe medmoe_png_decode(base, file.count, header.size, &rgb, &message.characters)
            case .jpeg: unsafe medmoe_jpeg_decode(base, file.count, header.size, &rgb, &message.characters)
            case .dicom: unsafe medmoe_dicom_decode(base, file.count, header.size, &rgb, &message.characters)
            }
        }
        try Self.check(status, message)
        return RasterImage(width: width, height: height, rgb: rgb)
    }

    private static func check(_ status: medmoe_image_status, _ message: Text) throws(ImageError) {
        let code: ImageError.Code
        switch status {
        case MEDMOE_IMAGE_OK: return
        case MEDMOE_IMAGE_NOT_AN_IMAGE: code = .notAnImage
        case MEDMOE_IMAGE_TRUNCATED: code = .truncated
        case MEDMOE_IMAGE_UNSUPPORTED: code = .unsupported
        case MEDMOE_IMAGE_NO_MEMORY: code = .noMemory
        default: code = .corrupt
        }
        throw ImageError(code, message.string)
    }
}
