internal import Foundation
internal import Shared

/// A checkpoint that is the run's but for one number of an expert: a model that somebody trained on.
enum OtherWeights {
    /// Makes the folder beside the run's logs; all files but the changed one are links.
    ///
    /// - Throws: `ChaosError` when no file holds a weight of the expert index.
    static func folder(of setup: ChaosSetup, expert index: Int) throws -> String {
        let manager = FileManager.default
        let folder = setup.folder + "/other-weights"
        try? manager.removeItem(atPath: folder)
        try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let source = URL(filePath: setup.model).standardizedFileURL.path
        var isChanged = false
        for file in try manager.contentsOfDirectory(atPath: source).sorted() {
            let (from, to) = (source + "/" + file, folder + "/" + file)
            if !isChanged, file.hasSuffix(".safetensors"), let changed = try changed(from, expert: index) {
                try changed.write(to: URL(filePath: to))
                isChanged = true
            } else if file != "medmoe-manifest.json" {
                // The manifest would give the change away before the router could.
                try manager.createSymbolicLink(atPath: to, withDestinationPath: from)
            }
        }
        guard isChanged else {
            throw ChaosError("Expected a weight of expert \(index) in \(setup.model), found none.")
        }
        return folder
    }

    /// The file with the lowest bit of one number of the expert's first weight changed; nil when it holds none.
    private static func changed(_ path: String, expert index: Int) throws -> Data? {
        var data = try Data(contentsOf: URL(filePath: path))
        guard data.count > 8 else { return nil }
        let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let length = Int(exactly: length), length <= data.count - 8,
            case .object(let header) = try? JSONParser.parse(Array(data[8..<8 + length]))
        else { return nil }
        let found = header.members.first { name, _ in
            name.contains("experts.\(index).") && name.hasSuffix(".weight")
        }
        guard case .object(let entry)? = found?.value, case .array(let offsets)? = entry["data_offsets"],
            case .integer(let start)? = offsets.first, start >= 0, 8 + length + start < data.count
        else { return nil }
        data[8 + length + start] ^= 0x01
        return data
    }
}
