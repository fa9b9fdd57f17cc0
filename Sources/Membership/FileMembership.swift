internal import Foundation
internal import Glibc
package import Logging
internal import NIOPosix
internal import ServiceLifecycle
package import Shared
internal import Synchronization

/// Membership from a file that holds a placement, read again whenever it changes.
package final class FileMembership: MembershipSource {
    private let path: String
    private let moe: MoEConfiguration
    private let board: DocumentBoard
    private let logger: Logger
    private let interval: Duration
    private let mark = Mutex<Mark?>(nil)

    /// What tells one content of a file from another without reading it.
    private struct Mark: Equatable {
        /// Of the last change, of a mode too: a file that could not be read may be readable now.
        var changed: Int
        var changedNanoseconds: Int
        var seconds: Int
        var nanoseconds: Int
        var size: Int64
        var inode: UInt64
    }

    /// Looks at the file every `interval`.
    package init(
        path: String,
        moe: MoEConfiguration,
        board: DocumentBoard,
        logger: Logger,
        interval: Duration = .seconds(1),
    ) {
        self.path = path
        self.moe = moe
        self.board = board
        self.logger = logger
        self.interval = interval
    }

    /// Reads the file.
    ///
    /// - Throws: `MembershipError` when it cannot be read or is no placement.
    package func prepare() async throws {
        // Before the content: what is written meanwhile has another mark.
        mark.withLock { $0 = Self.mark(of: path) }
        if case .refused(let reason) = board.place(try document(try readBytes())) {
            throw MembershipError(.invalidPlacement, "\(path): \(reason).")
        }
    }

    /// Looks for changes until the graceful shutdown.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown { try await self.follow() }
    }

    private func follow() async throws {
        var trouble = TroubleLog(logger, over: "The placement file is in order again.", saysChanges: true)
        while true {
            try await Task.sleep(for: interval)
            // A file on a network's disk may take its time.
            switch try await NIOThreadPool.singleton.runIfActive({ self.look() }) {
            case .same: break
            case .good: trouble.note(nil)
            case .bad(let sentence): trouble.note("\(sentence) The last placement stays.")
            }
        }
    }

    private enum Look {
        case same
        case good
        case bad(String)
    }

    private func look() -> Look {
        let now = Self.mark(of: path)
        guard mark.withLock({ $0 != now }) else { return .same }
        let bytes: [UInt8]
        do {
            bytes = try readBytes()
        } catch {
            // What is there and could not be read is tried again at the next look.
            mark.withLock { $0 = nil }
            return .bad(error.message)
        }
        mark.withLock { $0 = now }
        do {
            guard case .refused(let reason) = board.place(try document(bytes)) else { return .good }
            return .bad("\(path): \(reason).")
        } catch {
            return .bad(error.message)
        }
    }

    private func readBytes() throws(MembershipError) -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path),
            let data = try? handle.read(upToCount: PlacementDocument.byteLimit + 1)
        else {
            throw MembershipError(.invalidPlacement, "\(path): expected a readable file with a placement, found none.")
        }
        return Array(data)
    }

    private func document(_ bytes: [UInt8]) throws(MembershipError) -> PlacementDocument {
        do {
            return try PlacementDocument(json: bytes, of: moe)
        } catch {
            throw MembershipError(.invalidPlacement, "\(path): \(error.message).")
        }
    }

    private static func mark(of path: String) -> Mark? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Mark(
            changed: status.st_ctim.tv_sec,
            changedNanoseconds: status.st_ctim.tv_nsec,
            seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec,
            size: Int64(status.st_size),
            inode: UInt64(status.st_ino),
        )
    }
}
