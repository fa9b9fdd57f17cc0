internal import Shared

extension FuzzEntry {
    /// The header of a safetensors file, and the tensors of a file whose header is in order.
    ///
    /// An input that begins like a JSON object is a header and, after the first zero byte, the tensors' bytes; its
    /// length is put before it. Any other input is the whole file.
    static let safetensorsHeader = FuzzEntry("safetensors-header") { input, folder in
        folder.put("model.safetensors", safetensors(input))
        guard let file = try? SafetensorsFile(path: folder.path + "/model.safetensors") else { return }
        for entry in file.entries {
            file.withBytes(of: entry) { bytes in
                var sum = 0
                for offset in 0..<bytes.byteCount {
                    sum &+= Int(unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
                }
                precondition(sum >= 0)
            }
            _ = try? file.float32(entry.name)
            _ = try? file.integers(entry.name)
            _ = try? file.float32(entry.name, expectedShape: [1])
        }
    }

    private static func safetensors(_ input: [UInt8]) -> [UInt8] {
        guard input.count > 1, input[0] == UInt8(ascii: "{"), input[1] != 0 else { return input }
        let end = input.firstIndex(of: 0) ?? input.count
        let length = (0..<8).map { UInt8(truncatingIfNeeded: end >> (8 * $0)) }
        return length + input[..<end] + input[min(end + 1, input.count)...]
    }

    /// The index that says which file holds which tensor, beside two good files.
    static let index = FuzzEntry("index") { input, folder in
        putTwoFiles(in: folder)
        folder.put("model.safetensors.index.json", input)
        readAll(folder)
    }

    /// The manifest of a checkpoint that is cut by expert, beside two good files.
    static let manifest = FuzzEntry("manifest") { input, folder in
        putTwoFiles(in: folder)
        folder.put(ShardManifest.fileName, input)
        readAll(folder)
    }

    private static func putTwoFiles(in folder: FuzzFolder) {
        folder.once("a.safetensors") { path in
            var writer = SafetensorsWriter()
            writer.add("a", shape: [2], floats: [1, 2])
            writer.add("b", shape: [1], floats: [3])
            try writer.write(to: path)
        }
        folder.once("b.safetensors") { path in
            var writer = SafetensorsWriter()
            writer.add("c", shape: [2], floats: [4, 5])
            try writer.write(to: path)
        }
    }

    private static func readAll(_ folder: FuzzFolder) {
        guard let checkpoint = try? Checkpoint(folder: folder.path) else { return }
        precondition(checkpoint.names.reduce(0) { $0 + (checkpoint.entry($1)?.byteRange.count ?? 0) } >= 0)
        _ = checkpoint.manifest?.document
        for name in checkpoint.names {
            _ = checkpoint.fileName(of: name)
            _ = try? checkpoint.float32(name, expectedShape: checkpoint.entry(name)?.shape ?? [])
        }
    }
}
