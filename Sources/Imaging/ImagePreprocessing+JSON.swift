internal import Foundation

extension ImagePreprocessing {
    /// Reads a `preprocessor_config.json`, with CLIP's values for what it leaves out.
    ///
    /// Both spellings are read: `"size": 84` and `"size": {"shortest_edge": 84}`, `"crop_size": 84` and
    /// `"crop_size": {"height": 84, "width": 84}`. Whatever would change the pixels in a way that is not implemented is
    /// refused.
    package init(json: [UInt8], padToSquare: Bool = false) throws(ImagePreprocessingError) {
        let file: File
        do {
            file = try JSONDecoder().decode(File.self, from: Data(json))
        } catch {
            throw ImagePreprocessingError(.notReadable, Self.sentence(for: error))
        }
        try file.checkSteps()
        self.init(padToSquare: padToSquare)
        shortestEdge = try Self.checkedSize(file.size?.shortestEdge ?? shortestEdge, name: "size")
        cropSize = try Self.checkedSize(try file.cropSize?.square() ?? shortestEdge, name: "crop_size")
        mean = try Self.checkedColour(file.mean ?? mean, name: "image_mean")
        standardDeviation = try Self.checkedColour(file.standardDeviation ?? standardDeviation, name: "image_std")
        guard standardDeviation.allSatisfy({ $0 > 0 }) else {
            throw ImagePreprocessingError(.outOfRange, "image_std in preprocessor_config.json must be above zero")
        }
        rescaleFactor = file.rescaleFactor ?? rescaleFactor
        guard rescaleFactor.isFinite, rescaleFactor > 0 else {
            throw ImagePreprocessingError(.outOfRange, "rescale_factor in preprocessor_config.json must be above zero")
        }
    }

    private static func checkedSize(_ value: Int, name: String) throws(ImagePreprocessingError) -> Int {
        guard (1...maximumSize).contains(value) else {
            throw ImagePreprocessingError(
                .outOfRange,
                "\(name) in preprocessor_config.json is \(value); it must be 1 to \(maximumSize)",
            )
        }
        return value
    }

    private static func checkedColour(_ values: [Double], name: String) throws(ImagePreprocessingError) -> [Double] {
        guard values.count == 3, values.allSatisfy({ $0.isFinite && abs($0) <= 1000 }) else {
            throw ImagePreprocessingError(
                .outOfRange,
                "\(name) in preprocessor_config.json has \(values.count) values; it must have three finite ones",
            )
        }
        return values
    }

    private static func sentence(for error: any Error) -> String {
        let path: [any CodingKey]
        switch error {
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.keyNotFound(_, let context):
            path = context.codingPath
        default: path = []
        }
        let place = path.map(\.stringValue).joined(separator: ".")
        return place.isEmpty
            ? "preprocessor_config.json is not a JSON object"
            : "\(place) in preprocessor_config.json is not of the expected type"
    }
}

/// The file's own shape.
private struct File: Decodable {
    var size: Size?
    var cropSize: Size?
    var mean: [Double]?
    var standardDeviation: [Double]?
    var rescaleFactor: Double?
    var resample: Int?
    var steps: [Step: Bool] = [:]

    enum Step: String, CaseIterable {
        case resize = "do_resize"
        case centerCrop = "do_center_crop"
        case rescale = "do_rescale"
        case normalize = "do_normalize"
    }

    enum Key: String, CodingKey {
        case size
        case cropSize = "crop_size"
        case mean = "image_mean"
        case standardDeviation = "image_std"
        case rescaleFactor = "rescale_factor"
        case resample
        case resize = "do_resize"
        case centerCrop = "do_center_crop"
        case rescale = "do_rescale"
        case normalize = "do_normalize"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        size = try container.decodeIfPresent(Size.self, forKey: .size)
        cropSize = try container.decodeIfPresent(Size.self, forKey: .cropSize)
        mean = try container.decodeIfPresent([Double].self, forKey: .mean)
        standardDeviation = try container.decodeIfPresent([Double].self, forKey: .standardDeviation)
        rescaleFactor = try container.decodeIfPresent(Double.self, forKey: .rescaleFactor)
        resample = try container.decodeIfPresent(Int.self, forKey: .resample)
        for (step, key) in [
            (Step.resize, Key.resize), (.centerCrop, .centerCrop), (.rescale, .rescale), (.normalize, .normalize),
        ] {
            steps[step] = try container.decodeIfPresent(Bool.self, forKey: key)
        }
    }

    func checkSteps() throws(ImagePreprocessingError) {
        for step in Step.allCases where steps[step] == false {
            throw ImagePreprocessingError(
                .unsupported,
                "\(step.rawValue) is false in preprocessor_config.json; only towers with this step are supported",
            )
        }
        if let resample, resample != 3 {
            throw ImagePreprocessingError(
                .unsupported,
                "resample in preprocessor_config.json is \(resample); only 3 (bicubic) is supported",
            )
        }
    }
}

/// A size in either spelling.
private struct Size: Decodable {
    var shortestEdge: Int
    var height: Int
    var width: Int

    enum Key: String, CodingKey {
        case shortestEdge = "shortest_edge"
        case height
        case width
    }

    init(from decoder: any Decoder) throws {
        if let number = try? decoder.singleValueContainer().decode(Int.self) {
            (shortestEdge, height, width) = (number, number, number)
            return
        }
        let container = try decoder.container(keyedBy: Key.self)
        if let edge = try container.decodeIfPresent(Int.self, forKey: .shortestEdge) {
            (shortestEdge, height, width) = (edge, edge, edge)
            return
        }
        height = try container.decode(Int.self, forKey: .height)
        width = try container.decode(Int.self, forKey: .width)
        shortestEdge = height
    }

    func square() throws(ImagePreprocessingError) -> Int {
        guard height == width else {
            throw ImagePreprocessingError(
                .unsupported,
                "crop_size in preprocessor_config.json is \(height) x \(width); only squares are supported",
            )
        }
        return height
    }
}
