/// Makes the vision tower's input from a picture, byte for byte as the original's Python does.
///
/// The steps: optional padding to a square, bicubic resize of the shorter side, centre crop, scaling, normalising. Only
/// what the crop keeps is computed, so memory stays small even for a picture that is one pixel wide.
package struct ImagePreprocessor: Sendable {
    /// What is done.
    package let preprocessing: ImagePreprocessing
    /// The normalised value of every byte, 256 for each of red, green and blue.
    private let normalized: [Float]

    /// A preprocessor for one tower.
    package init(_ preprocessing: ImagePreprocessing) {
        self.preprocessing = preprocessing
        normalized = zip(preprocessing.mean, preprocessing.standardDeviation).flatMap { mean, deviation in
            // Rescaled in double precision and then narrowed, normalised in single: NumPy's types at each step.
            (0..<256).map { (Float(Double($0) * preprocessing.rescaleFactor) - Float(mean)) / Float(deviation) }
        }
    }

    /// The tower's input, `(3, cropSize, cropSize)` in row-major order.
    package func pixelValues(_ image: RasterImage) -> [Float] {
        let bytes = resizedBytes(image)
        let plane = preprocessing.cropSize * preprocessing.cropSize
        var values = [Float](repeating: 0, count: bytes.count)
        for index in bytes.indices {
            values[index] = normalized[index / plane * 256 + Int(bytes[index])]
        }
        return values
    }

    /// The picture after padding, resize and crop, before scaling: `(3, cropSize, cropSize)` in row-major order.
    package func resizedBytes(_ image: RasterImage) -> [UInt8] {
        let plan = CropPlan(image: image, preprocessing: preprocessing)
        let rows = horizontalPass(image, plan)
        return verticalPass(rows, plan)
    }

    /// Every source row that matters, resized to the kept columns: `(source rows, kept columns, 3)`, then one row of
    /// what padding above and below becomes.
    private func horizontalPass(_ image: RasterImage, _ plan: CropPlan) -> [UInt8] {
        let columns = ColumnSums(plan: plan, imageWidth: image.width, fill: preprocessing.fill.map { Int32($0) })
        let weights = plan.columnWeights.weights.span
        let pixels = image.rgb.span
        var result: [UInt8] = []
        result.reserveCapacity((plan.sourceRows.count + 1) * columns.columns.count * 3)
        for row in plan.sourceRows {
            for column in columns.columns {
                var (red, green, blue) = column.start
                var source = (row * image.width + column.source) * 3
                for tap in column.taps {
                    let weight = weights[tap]
                    red &+= weight &* Int32(pixels[source])
                    green &+= weight &* Int32(pixels[source + 1])
                    blue &+= weight &* Int32(pixels[source + 2])
                    source += 3
                }
                result.append(ResizeWeights.byte(red))
                result.append(ResizeWeights.byte(green))
                result.append(ResizeWeights.byte(blue))
            }
        }
        for column in columns.columns {
            result.append(ResizeWeights.byte(column.padding.red))
            result.append(ResizeWeights.byte(column.padding.green))
            result.append(ResizeWeights.byte(column.padding.blue))
        }
        return result
    }

    /// The crop, `(3, cropSize, cropSize)`; zero where it reaches beyond the resized picture.
    private func verticalPass(_ rows: [UInt8], _ plan: CropPlan) -> [UInt8] {
        let size = preprocessing.cropSize
        let stride = plan.keptColumns.count * 3
        let input = rows.span
        var sums = [Int32](repeating: 0, count: stride)
        var result = [UInt8](repeating: 0, count: 3 * size * size)
        for row in 0..<plan.keptRows.count {
            for offset in 0..<stride { sums[offset] = ResizeWeights.half }
            let window = plan.rowWeights.windows[row]
            for position in window {
                let weight = plan.rowWeights.weights[plan.rowWeights.offsets[row] + position - window.lowerBound]
                let source = position - plan.top
                // Rows outside the picture are padding, kept once behind the last.
                let isReal = plan.sourceRows.contains(source)
                let start = (isReal ? source - plan.sourceRows.lowerBound : plan.sourceRows.count) * stride
                for offset in 0..<stride { sums[offset] &+= weight &* Int32(input[start + offset]) }
            }
            let target =
                (plan.keptRows.lowerBound + row - plan.cropTop) * size
                + plan.keptColumns.lowerBound - plan.cropLeft
            for offset in 0..<stride {
                result[offset % 3 * size * size + target + offset / 3] = ResizeWeights.byte(sums[offset])
            }
        }
        return result
    }
}
