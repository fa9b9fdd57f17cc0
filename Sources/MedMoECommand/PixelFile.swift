internal import Shared

/// Reads normalised pixels from a safetensors file.
enum PixelFile {
    /// The pictures of `FILE` or `FILE#NAME`: `(3, S, S)` is one, `(n, 3, S, S)` are n.
    static func read(_ argument: String, side: Int) throws -> [[Float]] {
        let parts = argument.split(separator: "#", maxSplits: 1).map(String.init)
        let path = parts.first ?? ""
        let name = parts.count > 1 ? parts[1] : "pixel_values"
        let file = try SafetensorsFile(path: path)
        guard let entry = file.entry(name) else {
            throw AskError("\(path) has no tensor \(name); give FILE#NAME.")
        }
        let shape = entry.shape
        let fits = shape == [3, side, side] || (shape.count == 4 && Array(shape[1...]) == [3, side, side])
        guard fits else {
            throw AskError(
                "\(name) has the shape \(TensorEntry.describe(shape)); the model takes (3, \(side), \(side)) or n of them."
            )
        }
        let numbers = try file.float32(name)
        let size = 3 * side * side
        return stride(from: 0, to: numbers.count, by: size).map { Array(numbers[$0..<$0 + size]) }
    }
}
