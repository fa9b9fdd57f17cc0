internal import Foundation

/// What a manifest says of the outputs of its experts.
extension ShardManifest {
    /// Puts the manifest in the place of the one that a folder has.
    ///
    /// - Throws: `unwritable`; the folder's manifest is as it was then.
    package func write(to folder: String) throws(CheckpointError) {
        do {
            try Data(document.utf8).write(to: URL(filePath: folder + "/" + Self.fileName), options: .atomic)
        } catch {
            throw CheckpointError(
                .unwritable,
                file: Self.fileName,
                "writing the manifest failed; check the folder's permissions and the disk"
            )
        }
    }

    /// The member `canary`: numerics to expert to checksum, as a whole number.
    var canaryObject: JSONObject {
        JSONObject(
            canary.sorted { $0.key < $1.key }.map { numerics, checksums in
                let members = checksums.sorted { $0.key < $1.key }
                    .map { ($0.key.description, JSONValue.integer(Int($0.value))) }
                return (numerics, JSONValue.object(JSONObject(members)))
            }
        )
    }

    /// Reads the member, which manifests of old do not have.
    ///
    /// - Throws: `invalidIndex`.
    static func canary(_ value: JSONValue?) throws(CheckpointError) -> [String: [ExpertID: UInt32]] {
        guard let value else { return [:] }
        guard case .object(let kinds) = value else { throw problem(nil, "expected an object canary") }
        var canary: [String: [ExpertID: UInt32]] = [:]
        for (numerics, list) in kinds.members {
            guard case .object(let checksums) = list else {
                throw problem(nil, "expected canary as checksums of experts by numerics")
            }
            for (name, value) in checksums.members {
                guard let id = ExpertID(name), case .integer(let number) = value, let sum = UInt32(exactly: number)
                else { throw problem(name, "expected LAYER.EXPERT with a checksum of 32 bits in canary") }
                canary[numerics, default: [:]][id] = sum
            }
        }
        return canary
    }
}
