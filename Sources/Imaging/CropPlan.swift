/// Where each pixel of the tower's input comes from: sizes and offsets of padding, resize and crop along both axes.
struct CropPlan {
    /// Columns of padding to the left of the picture.
    let left: Int
    /// Rows of padding above the picture.
    let top: Int
    /// Where the crop begins in the resized picture; below zero when the crop is the larger.
    let cropLeft: Int
    let cropTop: Int
    /// Columns and rows of the resized picture that the crop keeps.
    let keptColumns: Range<Int>
    let keptRows: Range<Int>
    /// For the kept columns and rows.
    let columnWeights: ResizeWeights
    let rowWeights: ResizeWeights
    /// Rows of the picture itself, without padding, that the kept rows are made of.
    let sourceRows: Range<Int>

    init(image: RasterImage, preprocessing: ImagePreprocessing) {
        var (width, height) = (image.width, image.height)
        if preprocessing.padToSquare {
            let side = max(width, height)
            left = (side - width) / 2
            top = (side - height) / 2
            (width, height) = (side, side)
        } else {
            (left, top) = (0, 0)
        }
        let edge = preprocessing.shortestEdge
        let short = min(width, height)
        // In floating point and cut, as Python's int(size * long / short).
        let long = Int(Double(edge * max(width, height)) / Double(short))
        let (resizedWidth, resizedHeight) = width <= height ? (edge, long) : (long, edge)
        let crop = preprocessing.cropSize
        cropLeft = Self.centre(resizedWidth, crop)
        cropTop = Self.centre(resizedHeight, crop)
        keptColumns = (cropLeft..<(cropLeft + crop)).clamped(to: 0..<resizedWidth)
        keptRows = (cropTop..<(cropTop + crop)).clamped(to: 0..<resizedHeight)
        columnWeights = ResizeWeights(inputCount: width, outputCount: resizedWidth, range: keptColumns)
        rowWeights = ResizeWeights(inputCount: height, outputCount: resizedHeight, range: keptRows)
        let windows = rowWeights.windows
        let needed = (windows.map(\.lowerBound).min() ?? 0)..<(windows.map(\.upperBound).max() ?? 0)
        let real = needed.clamped(to: top..<(top + image.height))
        sourceRows = (real.lowerBound - top)..<(real.upperBound - top)
    }

    /// Half the difference, rounded down also below zero.
    private static func centre(_ resized: Int, _ crop: Int) -> Int {
        (resized - crop) >> 1
    }
}
