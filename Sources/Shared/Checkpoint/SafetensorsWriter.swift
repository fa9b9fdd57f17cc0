internal import Foundation

/// Collects tensors and writes them as one safetensors file, whole or not at all.
package struct SafetensorsWriter {
    private struct Item {
        let name: String
        let dtype: TensorDType
        let shape: [Int]
        let data: Data
    }

    private var items: [Item] = []
    private var names: Set<String> = []
    private let metadata: [String: String]

    /// Starts an empty file that says `metadata` about itself.
    package init(metadata: [String: String] = [:]) {
        self.metadata = metadata
    }

    /// Adds floats, stored as F32, with as many numbers as the shape has elements.
    package mutating func add(_ name: String, shape: [Int], floats: [Float]) {
        add(name, .f32, shape: shape, unsafe floats.withUnsafeBytes { unsafe Data($0) })
    }

    /// Adds whole numbers, stored as I64, with as many numbers as the shape has elements.
    package mutating func add(_ name: String, shape: [Int], integers: [Int64]) {
        add(name, .i64, shape: shape, unsafe integers.withUnsafeBytes { unsafe Data($0) })
    }

    /// Adds bytes that are already numbers of `dtype`, little-endian, just as many as the shape needs.
    package mutating func add(_ name: String, dtype: TensorDType, shape: [Int], bytes: [UInt8]) {
        add(name, dtype, shape: shape, Data(bytes))
    }

    private mutating func add(_ name: String, _ dtype: TensorDType, shape: [Int], _ data: Data) {
        let count = TensorEntry.elementCount(of: shape)
        precondition(count.map { $0 * dtype.byteCount } == data.count, "\(data.count) bytes for \(shape) in \(name)")
        precondition(name != "__metadata__" && names.insert(name).inserted, "the name \(name) is taken")
        items.append(Item(name: name, dtype: dtype, shape: shape, data: data))
    }

    /// Writes the file under a temporary name in the same folder and renames it when all is on the disk.
    ///
    /// - Throws: `unwritable` when the folder is not there or the disk refuses; nothing is left behind then, and a
    ///   file that was there before is untouched.
    package func write(to path: String) throws(CheckpointError) {
        let name = URL(filePath: path).lastPathComponent
        let temporary = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...(.max)))"
        do throws(CheckpointError) {
            try writeContents(to: temporary, name: name)
            guard unsafe rename(temporary, path) == 0 else { throw Self.refusal(name, "renaming the finished file") }
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
    }

    private func writeContents(to path: String, name: String) throws(CheckpointError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.refusal(name, "creating a file in the folder") }
        defer { close(descriptor) }
        // Wide numbers first, so that all lie at multiples of their size.
        let ordered = items.sorted { ($1.dtype.byteCount, $0.name) < ($0.dtype.byteCount, $1.name) }
        try Self.write(header(of: ordered), to: descriptor, name: name)
        for item in ordered { try Self.write(item.data, to: descriptor, name: name) }
        guard fsync(descriptor) == 0 else { throw Self.refusal(name, "flushing the file") }
    }

    private static func write(_ data: Data, to descriptor: Int32, name: String) throws(CheckpointError) {
        var done = 0
        while done < data.count {
            let count = unsafe data.withUnsafeBytes { bytes in
                unsafe Foundation.write(descriptor, bytes.baseAddress.map { unsafe $0 + done }, data.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw refusal(name, "writing \(data.count - done) bytes") }
            done += count
        }
    }

    private func header(of ordered: [Item]) -> Data {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { Self.quoted($0.key) + ":" + Self.quoted($0.value) }
            members.append("\"__metadata__\":{" + pairs.joined(separator: ",") + "}")
        }
        var offset = 0
        for item in ordered {
            let shape = item.shape.map(String.init).joined(separator: ",")
            let end = offset + item.data.count
            members.append(
                Self.quoted(item.name)
                    + ":{\"dtype\":\"\(item.dtype.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
            )
            offset = end
        }
        var text = Array(("{" + members.joined(separator: ",") + "}").utf8)
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
        let length = UInt64(text.count)
        return Data((0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) }) + text
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func refusal(_ name: String, _ step: String) -> CheckpointError {
        let reason = unsafe String(cString: strerror(errno))
        return CheckpointError(
            .unwritable,
            file: name,
            "\(step) failed: \(reason); check the folder, its permissions and the free space"
        )
    }
}
