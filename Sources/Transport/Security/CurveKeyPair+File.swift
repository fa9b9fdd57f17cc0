package import Shared

extension CurveKeyPair {
    /// Bytes that a key file may have.
    package static let fileLimit = 4096

    /// Reads a key file: `{"name": "ct", "public": "…", "secret": "…"}`, name optional.
    ///
    /// - Throws: `unreadableFile`, `exposedFile` for a mode other than 0600 or 0400, `invalidKey`.
    package init(file path: String) throws(WireSecurityError) {
        let bytes = try SecureFile.read(path, limit: Self.fileLimit, privacy: .ownerOnly)
        // The parser's own words could quote what it met, and that may be the secret.
        guard case .object(let object)? = try? JSONParser.parse(bytes),
            object.members.allSatisfy({ ["name", "public", "secret"].contains($0.name) }),
            case .string(let publicKey)? = object["public"], case .string(let secret)? = object["secret"]
        else {
            throw WireSecurityError(
                .invalidKey,
                "expected a JSON object with \"public\", \"secret\" and perhaps \"name\" in \(path); make one with medmoe "
                    + "keys new"
            )
        }
        do {
            try self.init(publicKey: publicKey, secret: secret)
        } catch {
            throw WireSecurityError(error.code, "\(path): \(error.message)")
        }
    }

    /// Writes the pair to a new file of mode 0600.
    ///
    /// - Throws: `fileExists`, `unreadableFile`.
    package func write(file path: String, name: NodeID? = nil) throws(WireSecurityError) {
        var members: [(String, JSONValue)] = name.map { [("name", .string($0.rawValue))] } ?? []
        members += [("public", .string(publicKey.text)), ("secret", .string(secret))]
        try SecureFile.create(path, Array(JSONText.document(.object(JSONObject(members))).utf8))
    }
}
