import Imaging
import Testing

/// Frame, window, region and orientation: how they are written, and what is refused.
struct ImageDecodingOptionsTests {
    @Test("parameters are read as people write them")
    func reads() throws {
        var options = ImageDecodingOptions()
        #expect(options.applyOrientation)
        try options.set("frame", to: "3")
        try options.set("window", to: "-40.5,1e3")
        try options.set("region", to: "1,2,30,40")
        try options.set("orientation", to: "stored")
        #expect(
            options
                == ImageDecodingOptions(
                    frame: 3,
                    window: .init(center: -40.5, width: 1000),
                    region: .init(x: 1, y: 2, width: 30, height: 40),
                    applyOrientation: false
                )
        )
    }

    static let wrong: [(String, String)] = [
        ("frame", "0"), ("frame", "-1"), ("frame", "two"), ("frame", ""), ("frame", "99999999999999999999"),
        ("window", "40"), ("window", "40,"), ("window", "40,0"), ("window", "40,-1"), ("window", "nan,1"),
        ("window", "1,inf"), ("window", "1,2,3"), ("region", "1,2,3"), ("region", "0,0,0,1"), ("region", "0,0,1,-1"),
        ("region", "-1,0,1,1"), ("region", "0,0,1,9999999999"), ("orientation", "up"), ("colour", "red"),
    ]

    @Test("what a parameter does not take is refused with a sentence that repeats nothing", arguments: wrong)
    func refuses(_ name: String, _ value: String) throws {
        var options = ImageDecodingOptions()
        let error = try #require(throws: ImageError.self) { try options.set(name, to: value) }
        #expect(error.code == .notThere)
        #expect(error.message.contains(name == "colour" ? "frame, window, region, orientation" : name))
        #expect(options == ImageDecodingOptions())
        #expect(value.count < 5 || !error.message.contains(value))
    }

    static let notThere: [(file: String, name: String, value: String)] = [
        ("good/multi-frame.dcm", "frame", "4"), ("good/rle-frame-3.dcm", "frame", "4"), ("good/rgb.png", "frame", "2"),
        ("good/rgb-strips.tif", "frame", "2"), ("good/rgb.dcm", "window", "1,2"), ("good/rgb.png", "window", "1,2"),
        ("good/gray.png", "region", "0,0,46,37"), ("good/gray.png", "region", "45,0,1,1"),
        ("good/region.tif", "region", "0,30,10,10"), ("good/slide.tif", "region", "4400,0,1,1"),
        ("good/orientation-8.png", "region", "0,0,7,5"), ("good/ct-window.dcm", "region", "0,0,40,33"),
    ]

    @Test("a frame, window or region that a file does not have is refused", arguments: notThere)
    func refusesAbsent(_ file: String, _ name: String, _ value: String) throws {
        var options = ImageDecodingOptions()
        try options.set(name, to: value)
        let error = try #require(throws: ImageError.self) {
            try ImageDecoder.decode(ImageFixture.read(file), options: options)
        }
        #expect(error.code == .notThere, "\(error)")
        #expect(error.message.contains(name))
    }

    @Test("limits hold for the part that is asked for, and not for the slide around it")
    func limitsOfRegions() throws {
        let bytes = try ImageFixture.read("good/slide.tif")
        let limits = ImageLimits(maximumPixels: 100 * 35, maximumSide: 100)
        let region = ImageDecodingOptions(region: .init(x: 1000, y: 5, width: 100, height: 35))
        #expect(try ImageDecoder.decode(bytes, limits: limits, options: region).image.width == 100)
        let error = try #require(throws: ImageError.self) { try ImageDecoder.decode(bytes, limits: limits) }
        #expect(error.code == .tooManyPixels)
    }
}
