/// What an image file held: the picture that was asked for and the little that may be known about it.
package struct DecodedImage: Sendable {
    /// The picture: of a DICOM object the frame that was asked for, of a slide the level or region.
    package let image: RasterImage
    /// The kind of file it came from.
    package let format: ImageFormat
    /// DICOM modality, such as `CT` or `CR`; nil for other kinds of file and when the object states none.
    package let modality: String?
    /// DICOM body part examined, such as `CHEST`; nil for other kinds of file and when the object states none.
    package let bodyPart: String?
    /// Frames in the file, of which `image` is one; 1 for everything but DICOM.
    package let frameCount: Int
}
