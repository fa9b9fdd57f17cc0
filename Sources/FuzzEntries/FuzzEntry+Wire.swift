internal import Shared
internal import Transport

extension FuzzEntry {
    /// A message of the wire, its header and its tensor, as a stranger may send it.
    ///
    /// Nobody guesses a checksum, so what is understood without it is also sealed anew, and has to come back as it was.
    static let wire = FuzzEntry("wire") { input, _ in
        let parts = parts(of: input, 2)
        let frames = parts.compactMap { $0 }.compactMap { try? Frame(copying: $0) }
        _ = try? WireFrames.read(frames)
        guard let first = frames.first, let header = try? WireHeader.decode(first) else { return }
        let tensor = frames.count > 1 ? frames[1] : nil
        guard let sealed = try? WireFrames.write(header, tensor: tensor) else { return }
        let again = try? WireFrames.read(sealed)
        precondition(again?.header == header, "a header came back other than it was sent")
        precondition(again?.tensor?.copyBytes() == tensor?.copyBytes(), "rows came back other than they were sent")
    }

    /// A placement, as a file or etcd holds it.
    static let placement = FuzzEntry("placement") { input, _ in
        guard let document = try? PlacementDocument(json: input, of: moe) else { return }
        let again = try? PlacementDocument(json: Array(document.json(of: moe).utf8), of: moe)
        precondition(again == document, "a placement came back other than it was written")
    }

    /// An allow-list.
    static let allowList = FuzzEntry("allow-list") { input, _ in
        _ = try? AllowList(json: input, of: moe)
    }

    private static let moe = MoEConfiguration(
        layers: [0, 2, 4],
        expertCounts: [3, 5, 5],
        topK: 1,
        hasMetaExpert: true
    )
}
