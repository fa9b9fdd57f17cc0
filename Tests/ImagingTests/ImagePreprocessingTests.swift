import Imaging
import Testing

/// Reading `preprocessor_config.json`.
struct ImagePreprocessingTests {
    @Test(
        "both spellings of both sizes are read",
        arguments: [
            (#"{"size": 84, "crop_size": 56}"#, 84, 56),
            (#"{"size": {"shortest_edge": 84}, "crop_size": {"height": 56, "width": 56}}"#, 84, 56),
            (#"{"size": {"shortest_edge": 84}}"#, 84, 84),
            (#"{}"#, 336, 336),
        ]
    )
    func sizes(_ json: String, _ edge: Int, _ crop: Int) throws {
        let preprocessing = try ImagePreprocessing(json: Array(json.utf8))
        #expect(preprocessing.shortestEdge == edge)
        #expect(preprocessing.cropSize == crop)
        #expect(preprocessing.mean == ImagePreprocessing.clipMean)
        #expect(!preprocessing.padToSquare)
    }

    @Test("mean, deviation, factor and padding are taken as given")
    func values() throws {
        let json = """
            {"size": 8, "image_mean": [0.5, 0.25, 0], "image_std": [1, 2, 0.5], "rescale_factor": 0.5, "resample": 3,
             "do_resize": true, "do_center_crop": true, "do_rescale": true, "do_normalize": true, "extra": [1]}
            """
        let preprocessing = try ImagePreprocessing(json: Array(json.utf8), padToSquare: true)
        #expect(preprocessing.mean == [0.5, 0.25, 0])
        #expect(preprocessing.standardDeviation == [1, 2, 0.5])
        #expect(preprocessing.rescaleFactor == 0.5)
        #expect(preprocessing.padToSquare)
        let gray = RasterImage(width: 1, height: 1, rgb: [10, 20, 30])
        let values = ImagePreprocessor(preprocessing).pixelValues(gray)
        #expect(values[0] == 4.5)
        #expect(values[64] == 4.875)
        #expect(values[128] == 30)
    }

    static let refusals: [(String, ImagePreprocessingError.Code, String)] = [
        ("", .notReadable, "JSON"),
        ("[1]", .notReadable, "JSON"),
        (#"{"size": "big"}"#, .notReadable, "size"),
        (#"{"size": {"longest_edge": 5}}"#, .notReadable, "size"),
        (#"{"image_mean": 3}"#, .notReadable, "image_mean"),
        (#"{"do_resize": "yes"}"#, .notReadable, "do_resize"),
        (#"{"size": 0}"#, .outOfRange, "size"),
        (#"{"size": 100000}"#, .outOfRange, "size"),
        (#"{"crop_size": -1}"#, .outOfRange, "crop_size"),
        (#"{"image_mean": [0.5, 0.5]}"#, .outOfRange, "image_mean"),
        (#"{"image_std": [1, 0, 1]}"#, .outOfRange, "image_std"),
        (#"{"rescale_factor": 0}"#, .outOfRange, "rescale_factor"),
        (#"{"crop_size": {"height": 3, "width": 4}}"#, .unsupported, "crop_size"),
        (#"{"resample": 2}"#, .unsupported, "resample"),
        (#"{"do_center_crop": false}"#, .unsupported, "do_center_crop"),
        (#"{"do_normalize": false}"#, .unsupported, "do_normalize"),
    ]

    @Test("what cannot be done is refused with the field's name", arguments: refusals)
    func refused(_ json: String, _ code: ImagePreprocessingError.Code, _ field: String) {
        let error = #expect(throws: ImagePreprocessingError.self) { try ImagePreprocessing(json: Array(json.utf8)) }
        #expect(error?.code == code)
        #expect(error?.message.contains(field) == true, "\(String(describing: error))")
    }
}
