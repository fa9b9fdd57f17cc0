/// Turns image files from outside into pixels, within limits.
///
/// The pixels are those that the Python imaging library gives for `open(file).convert("RGB")`: alpha is dropped, no
/// gamma or colour profile is applied, and an Exif rotation is not carried out, because the models were trained on such
/// pixels. DICOM is rendered with the window of the file. Decoding blocks its thread for as long as it takes (some
/// 10 ms a megapixel), so callers keep it away from the cooperative pool.
package enum ImageDecoder {
    /// Decodes one file.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - declaredType: the media type the sender named; only used to recognise DICOM without preamble.
    ///   - limits: checked against the file's length first, then against its header, then memory is taken.
    package static func decode(
        _ bytes: [UInt8],
        declaredType: String? = nil,
        limits: ImageLimits = ImageLimits(),
    ) throws(ImageError) -> DecodedImage {
        try decode(bytes.span, declaredType: declaredType, limits: limits)
    }

    /// Decodes one file that is held elsewhere.
    package static func decode(
        _ bytes: Span<UInt8>,
        declaredType: String? = nil,
        limits: ImageLimits = ImageLimits(),
    ) throws(ImageError) -> DecodedImage {
        try limits.check(byteCount: bytes.count)
        guard let format = ImageFormat(sniffing: bytes, declaredType: declaredType) else {
            throw ImageError(
                .notAnImage,
                "\(bytes.count) bytes came that begin like no known image; send a PNG, a JPEG or a DICOM object",
            )
        }
        guard let codec = ImageCodec(format) else {
            throw ImageError(.unsupported, "\(format.name) is not yet supported; send a PNG, a JPEG or a DICOM object")
        }
        let header = try codec.probe(bytes)
        try limits.check(width: header.width, height: header.height)
        return DecodedImage(
            image: try codec.decode(bytes, header: header),
            format: format,
            modality: header.modality.isEmpty ? nil : header.modality,
            bodyPart: header.bodyPart.isEmpty ? nil : header.bodyPart,
            frameCount: Int(header.frames),
        )
    }
}
