/// What a vision tower wants done to a picture before it looks, as a checkpoint's `preprocessor_config.json` says.
package struct ImagePreprocessing: Hashable, Sendable {
    /// Pixels of the shorter side after the resize.
    package var shortestEdge: Int
    /// Pixels along each side of the centre crop, and so of the tower's input.
    package var cropSize: Int
    /// Subtracted from red, green and blue after rescaling to 0 through 1.
    package var mean: [Double]
    /// What red, green and blue are divided by afterwards.
    package var standardDeviation: [Double]
    /// What a byte is multiplied by first; 1/255.
    package var rescaleFactor: Double
    /// Whether the picture is first padded with the mean colour to a square, so that the crop loses nothing.
    ///
    /// Not in `preprocessor_config.json`: `image_aspect_ratio` in the model's own configuration decides.
    package var padToSquare: Bool

    /// CLIP's mean of red, green and blue.
    package static let clipMean = [0.48145466, 0.4578275, 0.40821073]
    /// CLIP's standard deviation of red, green and blue.
    package static let clipStandardDeviation = [0.26862954, 0.26130258, 0.27577711]

    /// CLIP's values for a tower of `size` pixels a side; `size` is the resize and the crop alike.
    package init(size: Int = 336, padToSquare: Bool = false) {
        precondition((1...Self.maximumSize).contains(size), "a tower's input has at least one pixel")
        shortestEdge = size
        cropSize = size
        mean = Self.clipMean
        standardDeviation = Self.clipStandardDeviation
        rescaleFactor = 1.0 / 255
        self.padToSquare = padToSquare
    }

    /// The largest resize and crop taken from a file.
    package static let maximumSize = 4096

    /// The fill of the padding, a byte for each of red, green and blue.
    var fill: [UInt8] {
        mean.map { UInt8(clamping: Int($0 * 255)) }
    }
}
