import Foundation
import Membership
import Shared
import Testing

@Suite("Membership from a file") struct FileMembershipTests {
    static let moe = MoEConfiguration(layers: [0], expertCounts: [2], topK: 1, hasMetaExpert: true)

    static func text(_ epoch: Int, _ names: String...) -> String {
        let nodes = names.map { #"{"id": "\#($0)", "endpoint": "tcp://\#($0):7000", "experts": "all"}"# }
        return #"{"epoch": \#(epoch), "nodes": [\#(nodes.joined(separator: ", "))]}"#
    }

    /// Runs `body` beside a source that follows a file, with what hangs on its board.
    private func follow(
        _ first: String,
        _ body: @Sendable (_ path: String, _ board: DocumentBoard, _ lines: LogLines) async throws -> Void,
    ) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "medmoe-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try first.write(toFile: path, atomically: true, encoding: .utf8)
        let (board, lines) = (DocumentBoard(), LogLines())
        let source = FileMembership(
            path: path,
            moe: Self.moe,
            board: board,
            logger: lines.logger,
            interval: .milliseconds(5)
        )
        try await source.prepare()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await source.run() }
            try await body(path, board, lines)
            group.cancelAll()
        }
    }

    @Test("The file is read at the start, and again when it is replaced or written in place")
    func changes() async throws {
        try await follow(Self.text(1, "a")) { path, board, lines in
            #expect(board.latest?.nodes.map(\.id.rawValue) == ["a"])
            try Self.text(2, "a", "b").write(toFile: path, atomically: true, encoding: .utf8)
            try await eventually { board.latest?.epoch == 2 }
            try Self.text(3, "b", "c", "d").write(toFile: path, atomically: false, encoding: .utf8)
            try await eventually { board.latest?.epoch == 3 }
            #expect(board.latest?.nodes.count == 3)
        }
    }

    @Test("A change that only the file's state betrays is seen too, such as that of a mode")
    func stateOfFile() async throws {
        try await follow(Self.text(1, "a")) { path, board, lines in
            let old = [FileAttributeKey.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)]
            // The second of the two has the size, the place and the time of the first.
            try Self.text(2, "b").write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes(old, ofItemAtPath: path)
            try await eventually { board.latest?.epoch == 2 }
            try Self.text(3, "c").write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes(old, ofItemAtPath: path)
            try await eventually { board.latest?.epoch == 3 }
        }
    }

    @Test("A broken file, a lower epoch and a missing file keep the last placement and are said once each")
    func broken() async throws {
        try await follow(Self.text(4, "a")) { path, board, lines in
            for (index, bad) in ["{", Self.text(3, "b"), Self.text(4, "b")].enumerated() {
                try bad.write(toFile: path, atomically: true, encoding: .utf8)
                try await eventually { lines.warnings.count > index }
                #expect(board.latest?.nodes.map(\.id.rawValue) == ["a"])
                #expect(lines.warnings.last?.contains("The last placement stays.") == true)
            }
            try FileManager.default.removeItem(atPath: path)
            try await eventually { lines.warnings.count == 4 }
            try Self.text(5, "c").write(toFile: path, atomically: true, encoding: .utf8)
            try await eventually { board.latest?.epoch == 5 }
            try await eventually { lines.all.last == "notice The placement file is in order again." }
            #expect(lines.warnings.count == 4, "\(lines.warnings)")
        }
    }

    @Test("A file that is broken or missing at the start is an error", arguments: ["{", nil, "{}"])
    func brokenAtStart(text: String?) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "medmoe-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text?.write(toFile: path, atomically: true, encoding: .utf8)
        let source = FileMembership(path: path, moe: Self.moe, board: DocumentBoard(), logger: LogLines().logger)
        let error = await #expect(throws: MembershipError.self) { try await source.prepare() }
        #expect(error?.message.contains(path) == true)
    }
}
