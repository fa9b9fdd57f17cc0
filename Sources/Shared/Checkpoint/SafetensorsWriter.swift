/// Collects tensors and writes them as one safetensors file, whole or not at all.
package struct SafetensorsWriter {
    private var bytes: [String: [UInt8]] = [:]
    private var items: [SafetensorsStream.Item] = []
    private let metadata: [String: String]

    /// Starts an empty file that says `metadata` about itself.
    package init(metadata: [String: String] = [:]) {
        self.metadata = metadata
    }

    /// Adds floats, stored as F32, with as many numbers as the shape has elements.
    package mutating func add(_ name: String, shape: [Int], floats: [Float]) {
        add(name, dtype: .f32, shape: shape, bytes: unsafe floats.withUnsafeBytes { unsafe Array($0) })
    }

    /// Adds whole numbers, stored as I64, with as many numbers as the shape has elements.
    package mutating func add(_ name: String, shape: [Int], integers: [Int64]) {
        add(name, dtype: .i64, shape: shape, bytes: unsafe integers.withUnsafeBytes { unsafe Array($0) })
    }

    /// Adds bytes that are already numbers of `dtype`, little-endian, just as many as the shape needs.
    package mutating func add(_ name: String, dtype: TensorDType, shape: [Int], bytes: [UInt8]) {
        guard let item = SafetensorsStream.Item(name, dtype, shape), item.byteCount == bytes.count else {
            preconditionFailure("\(bytes.count) bytes for \(shape) in \(name)")
        }
        precondition(name != "__metadata__" && self.bytes[name] == nil, "the name \(name) is taken")
        items.append(item)
        self.bytes[name] = bytes
    }

    /// Writes the file under a temporary name in the same folder and renames it when all is on the disk.
    ///
    /// - Throws: `unwritable` when the folder is not there or the disk refuses; nothing is left behind then, and a
    ///   file that was there before is untouched.
    package func write(to path: String) throws(CheckpointError) {
        let ordered = SafetensorsStream.order(items)
        var stream = try SafetensorsStream(path: path, items: ordered, metadata: metadata)
        for item in ordered {
            let numbers = bytes[item.name] ?? []
            try unsafe stream.append(numbers.span.bytes)
        }
        try stream.finish()
    }
}
