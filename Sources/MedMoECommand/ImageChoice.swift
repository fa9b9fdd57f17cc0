internal import ArgumentParser
internal import Imaging

/// What is wanted of the image files of a command: the parameters of a data URL as flags.
struct ImageChoice: ParsableArguments {
    @Option(help: "The frame of a DICOM object, from 1.")
    var frame: String?

    @Option(parsing: .unconditional, help: "CENTRE,WIDTH: the window for gray DICOM. (default: the file's own)")
    var window: String?

    @Option(help: "LEFT,TOP,WIDTH,HEIGHT: a part of the picture, in pixels; of a slide, of its finest level.")
    var region: String?

    func validate() throws { _ = try options() }

    /// The choices as the decoder takes them, or a sentence about the one that is wrong.
    func options(applyOrientation: Bool = true) throws -> ImageDecodingOptions {
        var options = ImageDecodingOptions(applyOrientation: applyOrientation)
        for (name, value) in given {
            do {
                try options.set(name, to: value)
            } catch {
                throw ValidationError("\(error.message).")
            }
        }
        return options
    }

    /// The choices as they stand in a data URL.
    var parameters: String { given.map { ";\($0)=\($1)" }.joined() }

    private var given: [(String, String)] {
        [("frame", frame), ("window", window), ("region", region)].compactMap { name, value in
            value.map { (name, $0) }
        }
    }
}
