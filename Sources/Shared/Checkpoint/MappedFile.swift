internal import Foundation

/// A file of which only the touched pages come into memory, mapped for reading until the last reference goes.
///
/// The size is the one at opening. A file that is cut short afterwards ends the process when a lost page is touched
/// (`SIGBUS`): replace checkpoint files by renaming, as `SafetensorsWriter` does, and never in place.
final class MappedFile: Sendable {
    /// The file's name without its folder.
    let name: String
    /// Size in bytes.
    let byteCount: Int
    private let address: UInt

    /// Maps a regular file.
    ///
    /// - Throws: `missingFile` or `unreadableFile`.
    init(path: String) throws(CheckpointError) {
        let name = URL(filePath: path).lastPathComponent
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code: CheckpointError.Code = errno == ENOENT || errno == ENOTDIR ? .missingFile : .unreadableFile
            throw CheckpointError(code, file: name, "expected a readable file, but opening failed: \(Self.systemError)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw CheckpointError(.unreadableFile, file: name, "expected a regular file, found something else")
        }
        self.name = name
        byteCount = Int(status.st_size)
        guard byteCount > 0 else {
            throw CheckpointError(.truncated, file: name, "expected a safetensors file, found an empty one")
        }
        let mapping = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard unsafe mapping != MAP_FAILED else {
            throw CheckpointError(.unreadableFile, file: name, "mapping the file failed: \(Self.systemError)")
        }
        address = UInt(bitPattern: mapping)
    }

    deinit {
        _ = unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount)
    }

    /// Lends the bytes in a range that lies within the file.
    func withBytes<Result, Failure: Error>(
        _ range: Range<Int>,
        _ body: (RawSpan) throws(Failure) -> Result,
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "\(range) is outside of \(name)")
        let start = unsafe UnsafeRawPointer(bitPattern: address).unsafelyUnwrapped
        let bytes = unsafe UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count)
        return try unsafe body(bytes.bytes)
    }

    /// Gives the memory of the pages in a range back to the system; they are read again when touched.
    func release(_ range: Range<Int>) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        // Whole pages only: what shares a page with a neighbour stays.
        let first = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound == byteCount ? byteCount : range.upperBound / page * page
        guard page > 0, first < end else { return }
        _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: address + UInt(first)), end - first, MADV_DONTNEED)
    }

    private static var systemError: String { unsafe String(cString: strerror(errno)) }
}
