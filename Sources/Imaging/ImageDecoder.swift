/// Turns image files from outside into pixels, within limits.
///
/// The pixels are those that the Python imaging library gives for `open(file).convert("RGB")`: alpha is dropped and no
/// gamma or colour profile is applied. What the options can choose comes on top: a frame, a window, a region, and whether
/// an Exif orientation is carried out. Decoding blocks its thread for as long as it takes (some 10 ms a megapixel), so
/// callers keep it away from the cooperative pool.
package enum ImageDecoder {
    /// Decodes one file.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - declaredType: the media type the sender named; only used to recognise DICOM without preamble.
    ///   - limits: checked against the file's length first, then against its header, then memory is taken.
    ///   - options: what is wanted of the file.
    package static func decode(
        _ bytes: [UInt8],
        declaredType: String? = nil,
        limits: ImageLimits = ImageLimits(),
        options: ImageDecodingOptions = ImageDecodingOptions(),
    ) throws(ImageError) -> DecodedImage {
        try decode(bytes.span, declaredType: declaredType, limits: limits, options: options)
    }

    /// Decodes one file that is held elsewhere.
    package static func decode(
        _ bytes: Span<UInt8>,
        declaredType: String? = nil,
        limits: ImageLimits = ImageLimits(),
        options: ImageDecodingOptions = ImageDecodingOptions(),
    ) throws(ImageError) -> DecodedImage {
        try limits.check(byteCount: bytes.count)
        guard let format = ImageFormat(sniffing: bytes, declaredType: declaredType) else {
            throw ImageError(
                .notAnImage,
                "\(bytes.count) bytes came that begin like no known image; send \(Self.supported)",
            )
        }
        guard let codec = ImageCodec(format) else {
            throw ImageError(.unsupported, "\(format.name) is not supported; send \(Self.supported)")
        }
        let header = try codec.probe(bytes, options: options)
        try limits.check(width: header.width, height: header.height)
        try check(options, fit: header, of: format)
        // Pillow turns a TIFF whether asked or not, so that one does not belong to the pixels as stored.
        var orientation = header.isSlide ? 1 : header.orientation
        if options.applyOrientation, format != .tiff {
            orientation = ExifOrientation.find(in: bytes, format: format)
        }
        let region = header.isSlide ? nil : options.region
        if let region {
            let liesDown = orientation >= 5
            try check(region, width: liesDown ? header.height : header.width, liesDown ? header.width : header.height)
        }
        var image = try codec.decode(bytes, header: header, options: options).upright(from: orientation)
        if let region { image = image.cropped(to: region) }
        return DecodedImage(
            image: image,
            format: format,
            modality: header.modality.isEmpty ? nil : header.modality,
            bodyPart: header.bodyPart.isEmpty ? nil : header.bodyPart,
            frameCount: Int(header.frames),
        )
    }

    private static let supported = "a PNG, a JPEG, a TIFF, a WebP or a DICOM object"

    private static func check(
        _ options: ImageDecodingOptions,
        fit header: ImageCodec.Header,
        of format: ImageFormat,
    ) throws(ImageError) {
        guard 1...header.frames ~= Int64(options.frame) else {
            throw ImageError(
                .notThere,
                "frame \(options.frame) was asked for, but the \(format.name) has frames 1 to \(header.frames)",
            )
        }
        if let window = options.window, !window.center.isFinite || !window.width.isFinite || window.width <= 0 {
            throw ImageError(.notThere, "a window takes a finite centre and a width above 0")
        }
        guard options.window == nil || header.isWindowed else {
            throw ImageError(
                .notThere,
                "a window was asked for, but only gray DICOM and gray of 16 bits are shown by one; this \(format.name) "
                    + "is neither, so leave it out",
            )
        }
    }

    private static func check(
        _ region: ImageDecodingOptions.Region,
        width: Int64,
        _ height: Int64,
    ) throws(ImageError) {
        guard region.x >= 0, region.y >= 0, region.width > 0, region.height > 0,
            Int64(region.x) <= width - Int64(region.width), Int64(region.y) <= height - Int64(region.height)
        else {
            throw ImageError(
                .notThere,
                "a region of \(region.width) x \(region.height) at \(region.x), \(region.y) was asked for, but the "
                    + "picture has \(width) x \(height) pixels",
            )
        }
    }
}
