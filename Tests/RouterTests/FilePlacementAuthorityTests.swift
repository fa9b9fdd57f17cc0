import Foundation
import Router
import Shared
import Testing

@Suite("Placement in a file")
struct FilePlacementAuthorityTests {
    static let moe = ControlExample.moe

    static func document(_ epoch: UInt64, _ words: String = "all") throws -> PlacementDocument {
        let experts = try ExpertSelection(parsing: words, of: moe).experts
        return PlacementDocument(epoch: epoch, nodes: [.init(id: NodeID("a"), endpoint: "tcp://a:1", experts: experts)])
    }

    /// Runs with the path of a file in a folder of its own.
    static func withFile(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "medmoe-placement-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.appending(path: "placement.json").path)
    }

    @Test("The first document has epoch 1, each further one the next, and another is a conflict with both numbers")
    func epochs() async throws {
        try await Self.withFile { path in
            let authority = FilePlacementAuthority(path: path, of: Self.moe)
            #expect(try await authority.current() == nil)
            try await authority.apply(Self.document(1))
            #expect(try await authority.current() == (try Self.document(1)))
            for wrong: UInt64 in [1, 3] {
                let error = await #expect(throws: PlacementAuthorityError.self) {
                    try await authority.apply(Self.document(wrong, "*.0"))
                }
                #expect(error?.code == .conflict)
                #expect(error?.message.contains("expected a placement of epoch 2, found epoch \(wrong)") == true)
            }
            try await authority.apply(Self.document(2, "*.0"))
            #expect(
                try await FilePlacementAuthority(path: path, of: Self.moe).current() == (try Self.document(2, "*.0"))
            )
        }
    }

    @Test("What somebody wrote by hand counts, and what is no placement is told and not overwritten")
    func byHand() async throws {
        try await Self.withFile { path in
            let authority = FilePlacementAuthority(path: path, of: Self.moe)
            try Self.document(7).json(of: Self.moe).write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try await authority.current()?.epoch == 7)
            try await authority.apply(Self.document(8))
            try "{".write(toFile: path, atomically: true, encoding: .utf8)
            let unseen = await #expect(throws: PlacementAuthorityError.self) { try await authority.current() }
            #expect(unseen?.code == .unavailable)
            let error = await #expect(throws: PlacementAuthorityError.self) {
                try await authority.apply(Self.document(9))
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("is not a placement") == true)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "{")
        }
    }

    @Test("Of several who write at once, one wins and the others hear of it")
    func race() async throws {
        try await Self.withFile { path in
            let authorities = (0..<8).map { _ in FilePlacementAuthority(path: path, of: Self.moe) }
            let document = try Self.document(1)
            let outcomes = await withTaskGroup(of: PlacementAuthorityError.Code?.self) { group in
                for authority in authorities {
                    group.addTask {
                        do {
                            try await authority.apply(document)
                            return nil
                        } catch {
                            return (error as? PlacementAuthorityError)?.code ?? .fixed
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == nil } == 1)
            #expect(outcomes.count { $0 == .conflict } == 7)
        }
    }

    @Test("A link that leads elsewhere later is followed, as those of a mounted configuration do")
    func link() async throws {
        try await Self.withFile { path in
            let (old, new) = (path + ".1", path + ".2")
            try Self.document(1).json(of: Self.moe).write(toFile: old, atomically: true, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: old)
            let authority = FilePlacementAuthority(path: path, of: Self.moe)
            #expect(try await authority.current()?.epoch == 1)
            try Self.document(2).json(of: Self.moe).write(toFile: new, atomically: true, encoding: .utf8)
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.removeItem(atPath: old)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: new)
            #expect(try await authority.current()?.epoch == 2)
            try await authority.apply(Self.document(3))
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == new)
        }
    }

    @Test(
        "A file that is read-only takes no changes, and that is no trouble of the moment",
        .enabled(if: geteuid() != 0, "root writes everywhere")
    )
    func readOnly() async throws {
        try await Self.withFile { path in
            let folder = URL(filePath: path).deletingLastPathComponent().path
            try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder)
            defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder) }
            let authority = FilePlacementAuthority(path: path, of: Self.moe)
            let error = await #expect(throws: PlacementAuthorityError.self) {
                try await authority.apply(Self.document(1))
            }
            #expect(error?.code == .fixed)
        }
    }

    @Test("A folder that is not there is told")
    func noFolder() async throws {
        let authority = FilePlacementAuthority(path: "/nonexistent/placement.json", of: Self.moe)
        let error = await #expect(throws: PlacementAuthorityError.self) { try await authority.apply(Self.document(1)) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("/nonexistent/placement.json") == true)
    }

    @Test("The placement of flags is what the nodes say, and takes no changes")
    func fixed() async throws {
        let authority = FixedPlacement { ControlExample.status }
        let document = try #require(try await authority.current())
        #expect(document.nodes.map(\.id.rawValue) == ["a", "b"])
        #expect(document.placement.missingExperts(of: Self.moe).isEmpty)
        let error = await #expect(throws: PlacementAuthorityError.self) { try await authority.apply(document) }
        #expect(error?.code == .fixed)
    }
}
