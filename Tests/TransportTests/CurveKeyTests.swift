internal import Foundation
internal import Shared
internal import Testing
internal import Transport

@Suite("Keys and their files")
struct CurveKeyTests {
    /// A path in a folder of this test, which goes when it ends.
    final class Folder {
        let url = FileManager.default.temporaryDirectory.appending(path: "medmoe-keys-\(UUID().uuidString)")
        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }
        func path(_ name: String) -> String { url.appending(path: name).path }
        func write(_ text: String, mode: Int = 0o600) throws -> String {
            let path = path("key")
            try Data(text.utf8).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            return path
        }
    }

    @Test("A pair goes to a file of its owner alone, and comes back")
    func roundTrip() throws {
        let folder = try Folder()
        let keys = try CurveKeyPair.generate()
        try keys.write(file: folder.path("a"), name: NodeID("ct"))
        #expect(try CurveKeyPair(file: folder.path("a")) == keys)
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("a"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try CurveKeyPair.generate() != keys)
    }

    @Test("A file that is there is not overwritten")
    func noOverwriting() throws {
        let folder = try Folder()
        let path = try folder.write("precious")
        let error = #expect(throws: WireSecurityError.self) { try CurveKeyPair.generate().write(file: path) }
        #expect(error?.code == .fileExists)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test(
        "A key file that others could read is refused, with what to do",
        arguments: [0o644, 0o640, 0o604, 0o660, 0o700]
    )
    func exposed(mode: Int) throws {
        let folder = try Folder()
        try CurveKeyPair.generate().write(file: folder.path("a"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path("a"))
        let error = #expect(throws: WireSecurityError.self) { try CurveKeyPair(file: folder.path("a")) }
        #expect(error?.code == .exposedFile)
        #expect(error?.message.contains("chmod 600") == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: folder.path("a"))
        _ = try CurveKeyPair(file: folder.path("a"))
    }

    @Test("What is no pair is refused, and the error has nothing of the secret")
    func badFiles() throws {
        let folder = try Folder()
        let (one, other) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
        try one.write(file: folder.path("one"))
        let good = try String(contentsOfFile: folder.path("one"), encoding: .utf8)
        let object = try #require(JSONSerialization.jsonObject(with: Data(good.utf8)) as? [String: String])
        let secret = try #require(object["secret"])
        let cases = [
            "", "{}", "not json \(secret)", secret,
            good.replacingOccurrences(of: secret, with: String(secret.dropLast())),
            good.replacingOccurrences(of: one.publicKey.text, with: other.publicKey.text),
            good.replacingOccurrences(of: secret, with: "-").replacingOccurrences(of: one.publicKey.text, with: secret)
                .replacingOccurrences(of: "\"-\"", with: "\"\(one.publicKey.text)\""),
            good.replacingOccurrences(of: "\"secret\"", with: "\"secrets\""),
            good.replacingOccurrences(of: "\"public\"", with: "\"\(secret)\": 1, \"public\""),
        ]
        for text in cases {
            let path = try folder.write(text)
            let error = #expect(throws: WireSecurityError.self, "\(text.count)") { try CurveKeyPair(file: path) }
            #expect(error?.code == .invalidKey)
            #expect(error?.message.contains(secret.dropLast()) == false)
        }
        let absent = #expect(throws: WireSecurityError.self) { try CurveKeyPair(file: folder.path("absent")) }
        #expect(absent?.code == .unreadableFile)
        let large = try folder.write(String(repeating: " ", count: CurveKeyPair.fileLimit + 1))
        let error = #expect(throws: WireSecurityError.self) { try CurveKeyPair(file: large) }
        #expect(error?.code == .unreadableFile)
    }

    @Test("No way of printing a pair shows its secret")
    func printing() throws {
        let folder = try Folder()
        let keys = try CurveKeyPair.generate()
        try keys.write(file: folder.path("a"))
        let data = try Data(contentsOf: URL(filePath: folder.path("a")))
        let secret = try #require((JSONSerialization.jsonObject(with: data) as? [String: String])?["secret"])
        var dumped = ""
        dump(keys, to: &dumped)
        let security = SocketSecurity.curveServer(keys)
        for text in ["\(keys)", String(reflecting: keys), dumped, "\(security)", String(reflecting: security)] {
            #expect(!text.contains(secret))
        }
    }

    @Test(
        "Only 40 characters of Z85 are a public key",
        arguments: ["", "x", String(repeating: "a", count: 39), String(repeating: "~", count: 40)]
    )
    func badPublicKeys(text: String) { #expect(CurvePublicKey(text) == nil) }
}
