internal import Glibc

/// Small files that security hangs on: read whole and bounded, written once for their owner alone.
enum SecureFile {
    /// Whether a file may be read by others than its owner.
    enum Privacy {
        case ownerOnly
        case any
    }

    /// The bytes of a regular file of at most `limit` bytes.
    ///
    /// - Throws: `unreadableFile`, and with `.ownerOnly` `exposedFile` for a mode other than 0600 or 0400.
    static func read(_ path: String, limit: Int, privacy: Privacy) throws(WireSecurityError) -> [UInt8] {
        // Not to block: the path may name a pipe.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw WireSecurityError(.unreadableFile, "the file \(path) cannot be read: \(text(errno))")
        }
        defer { _ = close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw WireSecurityError(.unreadableFile, "expected a regular file at \(path), found something else")
        }
        if privacy == .ownerOnly {
            let mode = status.st_mode & 0o777
            guard mode == 0o600 || mode == 0o400 else {
                throw WireSecurityError(
                    .exposedFile,
                    "the mode of \(path) is 0\(String(mode, radix: 8)), and a file with a secret key has to be 0600 or "
                        + "0400; run chmod 600 on it, and make new keys if others could read these"
                )
            }
        }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let space = bytes.count - count
            let result = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + count }, space)
            }
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else {
                throw WireSecurityError(.unreadableFile, "the file \(path) cannot be read: \(text(errno))")
            }
            if result == 0 { break }
            count += result
        }
        guard count <= limit else {
            throw WireSecurityError(.unreadableFile, "expected at most \(limit) bytes in \(path), found more")
        }
        return Array(bytes.prefix(count))
    }

    /// Writes a new file that its owner alone may read and write; never touches one that is there.
    ///
    /// - Throws: `fileExists`, `unreadableFile`.
    static func create(_ path: String, _ content: [UInt8]) throws(WireSecurityError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST {
                throw WireSecurityError(
                    .fileExists,
                    "\(path) is there already and is not overwritten; name another file"
                )
            }
            throw WireSecurityError(.unreadableFile, "the file \(path) cannot be written: \(text(errno))")
        }
        var written = 0
        while written < content.count {
            let result = unsafe content.withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, content.count - written)
            }
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { break }
            written += result
        }
        let synced = written == content.count && fsync(descriptor) == 0
        let number = errno
        _ = close(descriptor)
        guard synced else {
            _ = unsafe unlink(path)
            throw WireSecurityError(.unreadableFile, "the file \(path) cannot be written: \(text(number))")
        }
    }

    /// What changes when a file is written or replaced; nil when it is not there.
    static func stamp(_ path: String) -> [Int]? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return [
            // Also of the change of a mode: a file that could not be read may be readable now.
            status.st_ctim.tv_sec, status.st_ctim.tv_nsec, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
            Int(truncatingIfNeeded: status.st_ino), Int(status.st_size),
        ]
    }

    private static func text(_ number: Int32) -> String {
        if let text = unsafe strerror(number) { unsafe String(cString: text) } else { "error \(number)" }
    }
}
