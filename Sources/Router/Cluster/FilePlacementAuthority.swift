internal import Foundation
internal import Glibc
package import Shared

/// The placement in a file that routers read again when it changes; it is replaced whole or not at all.
package actor FilePlacementAuthority: PlacementAuthority {
    private let given: String
    private let moe: MoEConfiguration

    /// Takes the file's path and the model that its experts belong to.
    package init(path: String, of moe: MoEConfiguration) {
        given = path
        self.moe = moe
    }

    /// The file behind a link, which is replaced instead of the link; where it leads may change at any time.
    private var path: String { URL(filePath: given).resolvingSymlinksInPath().path }

    /// `file`.
    package nonisolated var name: String { "file" }

    /// What is in the file; nil when it is absent.
    package func current() async throws(PlacementAuthorityError) -> PlacementDocument? { try read() }

    /// Replaces the file.
    package func apply(_ document: PlacementDocument) async throws(PlacementAuthorityError) {
        let path = path
        let folder = URL(filePath: path).deletingLastPathComponent().path
        if unsafe access(folder, W_OK) != 0, errno == EROFS || errno == EACCES {
            throw PlacementAuthorityError(
                .fixed,
                "the placement file \(path) is read-only here; change it where it comes from"
            )
        }
        let lock = try Lock(beside: path)
        defer { lock.release() }
        let expected = (try read()?.epoch ?? 0) + 1
        guard document.epoch == expected else {
            throw PlacementAuthorityError(expected: expected, found: document.epoch)
        }
        try write(document.json(of: moe), to: path)
    }

    private func read() throws(PlacementAuthorityError) -> PlacementDocument? {
        let path = path
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else { throw trouble("cannot be read") }
        do {
            return try PlacementDocument(json: Array(data), of: moe)
        } catch {
            throw trouble("is not a placement (\(error))")
        }
    }

    /// Writes beside the file and renames, so that a reader sees the old one or the new one.
    private func write(_ text: String, to path: String) throws(PlacementAuthorityError) {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw trouble("cannot be written (\(error.localizedDescription))")
        }
    }

    private func trouble(_ words: String) -> PlacementAuthorityError {
        PlacementAuthorityError(.unavailable, "the placement file \(path) \(words); mend it or its folder")
    }

    /// Keeps other routers on this machine from writing the same file between our look and our write.
    private struct Lock {
        private let handle: FileHandle

        init(beside path: String) throws(PlacementAuthorityError) {
            let file = path + ".lock"
            // Made and opened in one step: two that made it one after the other would each lock a file of their own.
            let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw PlacementAuthorityError(
                    .unavailable,
                    "the placement file \(path) cannot be locked, for \(file) cannot be made; mend its folder"
                )
            }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw PlacementAuthorityError(.conflict, "somebody else writes the placement file just now; try again")
            }
            self.handle = handle
        }

        /// Closing gives the lock back.
        func release() { try? handle.close() }
    }
}
