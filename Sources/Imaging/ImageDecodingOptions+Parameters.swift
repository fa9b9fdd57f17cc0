extension ImageDecodingOptions {
    /// Names of the parameters that `set` knows.
    package static let parameterNames = ["frame", "window", "region", "orientation"]

    /// Takes one choice as people write it, in a data URL or on the command line: `frame=3`, `window=40,400`,
    /// `region=x,y,width,height`, `orientation=stored` (or `exif`, the default).
    ///
    /// - Throws: a sentence about what the parameter takes, of code `notThere`; it repeats no value.
    package mutating func set(_ name: some StringProtocol, to text: some StringProtocol) throws(ImageError) {
        switch name {
        case "frame":
            guard let number = Int(text), number >= 1 else {
                throw ImageError(.notThere, "frame takes a whole number from 1, such as frame=3")
            }
            frame = number
        case "window":
            let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
            guard numbers.count == 2, let center = numbers[0], let width = numbers[1], center.isFinite, width.isFinite,
                width > 0
            else {
                throw ImageError(.notThere, "window takes a centre and a width above 0, such as window=40,400")
            }
            window = Window(center: center, width: width)
        case "region":
            let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
            guard numbers.count == 4, numbers.allSatisfy({ 0...Int(Int32.max) ~= $0 }), numbers[2] > 0, numbers[3] > 0
            else {
                throw ImageError(
                    .notThere,
                    "region takes left, top, width and height in pixels, such as region=0,0,512,512",
                )
            }
            region = Region(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
        case "orientation":
            guard text == "exif" || text == "stored" else {
                throw ImageError(.notThere, "orientation is exif (turn the picture upright) or stored (leave it)")
            }
            applyOrientation = text == "exif"
        default:
            throw ImageError(
                .notThere,
                "the parameters of an image are \(Self.parameterNames.joined(separator: ", ")); another one came",
            )
        }
    }
}
