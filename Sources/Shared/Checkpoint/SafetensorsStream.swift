internal import Foundation

/// Writes one safetensors file tensor by tensor, so that no more than a piece of it is ever in memory; the file appears
/// under its name when all is on the disk, or not at all.
package struct SafetensorsStream: ~Copyable {
    /// A tensor that will be written.
    package struct Item: Sendable, Equatable {
        /// Its name.
        package let name: String
        /// The kind of its numbers.
        package let dtype: TensorDType
        /// Its extents, outermost first.
        package let shape: [Int]
        /// Its size.
        package let byteCount: Int

        /// Describes a tensor; nil when its size does not fit an `Int`.
        package init?(_ name: String, _ dtype: TensorDType, _ shape: [Int]) {
            guard let count = TensorEntry.elementCount(of: shape) else { return nil }
            let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
            guard !overflow else { return nil }
            self.name = name
            self.dtype = dtype
            self.shape = shape
            byteCount = bytes
        }
    }

    private let path: String
    private let temporary: String
    private let name: String
    private let descriptor: Int32
    private var missing: Int
    private var finished = false

    /// Items in the order in which their bytes have to come: wide numbers first, so that all lie at multiples of their
    /// size, then by name.
    package static func order(_ items: [Item]) -> [Item] {
        items.sorted { ($1.dtype.byteCount, $0.name) < ($0.dtype.byteCount, $1.name) }
    }

    /// Creates the file under a temporary name and writes its header; `items` are in the order of their bytes.
    ///
    /// - Throws: `unwritable` when the folder is not there or the disk refuses.
    package init(path: String, items: [Item], metadata: [String: String] = [:]) throws(CheckpointError) {
        self.path = path
        name = URL(filePath: path).lastPathComponent
        temporary = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...(.max)))"
        missing = items.reduce(0) { $0 + $1.byteCount }
        descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.refusal(name, "creating a file in the folder") }
        let header = Self.header(of: items, metadata: metadata)
        missing += header.count
        try unsafe append(header.span.bytes)
    }

    deinit {
        close(descriptor)
        if !finished { _ = unsafe unlink(temporary) }
    }

    /// Writes the next bytes.
    ///
    /// - Throws: `unwritable`.
    package mutating func append(_ bytes: RawSpan) throws(CheckpointError) {
        precondition(bytes.byteCount <= missing, "more bytes than the header of \(name) promises")
        var done = 0
        while done < bytes.byteCount {
            let rest = bytes.extracting(done..<bytes.byteCount)
            let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.refusal(name, "writing \(rest.byteCount) bytes") }
            done += count
        }
        missing -= bytes.byteCount
    }

    /// Brings all bytes to the disk and gives the file its name.
    ///
    /// - Throws: `unwritable`; nothing is left behind then, and a file that was there before is untouched.
    package consuming func finish() throws(CheckpointError) {
        precondition(missing == 0, "\(missing) bytes of \(name) did not come")
        guard fsync(descriptor) == 0 else { throw Self.refusal(name, "flushing the file") }
        guard unsafe rename(temporary, path) == 0 else { throw Self.refusal(name, "renaming the finished file") }
        finished = true
    }

    private static func header(of items: [Item], metadata: [String: String]) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }
                .map { JSONText.quoted($0.key) + ":" + JSONText.quoted($0.value) }
            members.append("\"__metadata__\":{" + pairs.joined(separator: ",") + "}")
        }
        var offset = 0
        for item in items {
            let shape = item.shape.map(String.init).joined(separator: ",")
            let end = offset + item.byteCount
            members.append(
                JSONText.quoted(item.name)
                    + ":{\"dtype\":\"\(item.dtype.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
            )
            offset = end
        }
        var text = Array(("{" + members.joined(separator: ",") + "}").utf8)
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
        let length = UInt64(text.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) } + text
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
