internal import CImageCodecs

/// The libraries behind the decoder: all unsafe code of this module stands here.
enum ImageCodec {
    case png
    case jpeg
    case dicom
    case tiff
    case webp

    /// What a probe tells of a file before its pixels are read.
    struct Header {
        let width: Int64
        let height: Int64
        let frames: Int64
        /// As Exif counts; of TIFF only.
        let orientation: Int
        /// A window decides about the grays.
        let isWindowed: Bool
        /// A level or a region of a slide, so that a region has been applied already.
        let isSlide: Bool
        let modality: String
        let bodyPart: String

        fileprivate init(_ size: medmoe_image_size, modality: Text, bodyPart: Text) {
            width = size.width
            height = size.height
            frames = size.frames
            orientation = Int(size.orientation)
            isWindowed = size.is_windowed != 0
            isSlide = size.is_slide != 0
            self.modality = modality.string
            self.bodyPart = bodyPart.string
        }

        fileprivate var size: medmoe_image_size {
            var size = medmoe_image_size()
            size.width = width
            size.height = height
            size.frames = frames
            return size
        }
    }

    /// A zero-terminated text that a library writes.
    struct Text {
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
        case .tiff: self = .tiff
        case .webp: self = .webp
        case .gif, .bmp, .jpeg2000: return nil
        }
    }

    /// Reads the header.
    func probe(_ bytes: Span<UInt8>, options: ImageDecodingOptions) throws(ImageError) -> Header {
        var request = Self.request(options)
        var size = medmoe_image_size()
        var message = Text()
        var modality = Text()
        var bodyPart = Text()
        let status = unsafe bytes.withUnsafeBufferPointer { file -> medmoe_image_status in
            guard let base = file.baseAddress else { return MEDMOE_IMAGE_NOT_AN_IMAGE }
            let count = file.count
            return switch self {
            case .png: unsafe medmoe_png_probe(base, count, &request, &size, &message.characters)
            case .jpeg: unsafe medmoe_jpeg_probe(base, count, &size, &message.characters)
            case .tiff: unsafe medmoe_tiff_probe(base, count, &request, &size, &message.characters)
            case .webp: unsafe medmoe_webp_probe(base, count, &size, &message.characters)
            case .dicom:
                unsafe medmoe_dicom_probe(
                    base,
                    count,
                    &request,
                    &size,
                    &modality.characters,
                    &bodyPart.characters,
                    &message.characters,
                )
            }
        }
        try Self.check(status, message)
        return Header(size, modality: modality, bodyPart: bodyPart)
    }

    /// Reads the pixels; the header's size has been checked against the limits, and is of the same options.
    func decode(
        _ bytes: Span<UInt8>,
        header: Header,
        options: ImageDecodingOptions,
    ) throws(ImageError) -> RasterImage {
        let (width, height) = (Int(header.width), Int(header.height))
        var rgb = [UInt8](repeating: 0, count: width * height * 3)
        var request = Self.request(options)
        var message = Text()
        let status = unsafe bytes.withUnsafeBufferPointer { file -> medmoe_image_status in
            guard let base = file.baseAddress else { return MEDMOE_IMAGE_NOT_AN_IMAGE }
            let (count, size) = (file.count, header.size)
            return switch self {
            case .png: unsafe medmoe_png_decode(base, count, &request, size, &rgb, &message.characters)
            case .jpeg: unsafe medmoe_jpeg_decode(base, count, size, &rgb, &message.characters)
            case .tiff: unsafe medmoe_tiff_decode(base, count, &request, size, &rgb, &message.characters)
            case .webp: unsafe medmoe_webp_decode(base, count, size, &rgb, &message.characters)
            case .dicom: unsafe medmoe_dicom_decode(base, count, &request, size, &rgb, &message.characters)
            }
        }
        try Self.check(status, message)
        return RasterImage(width: width, height: height, rgb: rgb)
    }

    private static func request(_ options: ImageDecodingOptions) -> medmoe_image_request {
        var request = medmoe_image_request()
        request.frame = Int64(options.frame)
        if let window = options.window {
            request.has_window = 1
            request.window_center = window.center
            request.window_width = window.width
        }
        if let region = options.region {
            request.has_region = 1
            request.x = Int64(region.x)
            request.y = Int64(region.y)
            request.width = Int64(region.width)
            request.height = Int64(region.height)
        }
        return request
    }

    private static func check(_ status: medmoe_image_status, _ message: Text) throws(ImageError) {
        let code: ImageError.Code
        switch status {
        case MEDMOE_IMAGE_OK: return
        case MEDMOE_IMAGE_NOT_AN_IMAGE: code = .notAnImage
        case MEDMOE_IMAGE_TRUNCATED: code = .truncated
        case MEDMOE_IMAGE_UNSUPPORTED: code = .unsupported
        case MEDMOE_IMAGE_NO_MEMORY: code = .noMemory
        case MEDMOE_IMAGE_NOT_THERE: code = .notThere
        default: code = .corrupt
        }
        throw ImageError(code, message.string)
    }
}
