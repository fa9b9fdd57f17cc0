/// Which files a conversion writes, and which tensors go into each.
package struct ConversionPlan: Sendable {
    /// How the weights are cut into files.
    package enum Shards: Sendable, Equatable {
        /// `model.safetensors`, or several files of at most so many bytes with an index.
        case bySize(Int)
        /// One file for each expert, one for everything else, and a manifest.
        case perExpert
    }

    /// The parts of a model that are written.
    package struct Parts: Sendable, Equatable {
        /// Everything but the experts.
        package let router: Bool
        /// The experts.
        package let experts: [ExpertID]

        /// Chooses parts.
        package init(router: Bool, experts: [ExpertID]) {
            self.router = router
            self.experts = experts
        }
    }

    /// A file of weights.
    package struct File: Sendable, Equatable {
        /// Its name.
        package let name: String
        /// Its tensors in the order of their bytes.
        package let items: [SafetensorsStream.Item]

        /// Bytes of its tensors.
        package var byteCount: Int { items.reduce(0) { $0 + $1.byteCount } }
    }

    /// The files that are written.
    package let files: [File]
    /// Every tensor of the whole model with the file that holds it, written or not; for manifest and index.
    package let homes: [String: (file: String, item: SafetensorsStream.Item)]

    /// Plans the files of a conversion.
    ///
    /// - Throws: `unsupported` when there would be too many files.
    package init(
        of checkpoint: Checkpoint,
        _ configuration: ModelConfiguration,
        conversion: TensorConversion,
        shards: Shards,
        parts: Parts,
    ) throws(CheckpointError) {
        let items = conversion.names.compactMap { conversion.item($0) }
        var all: [File]
        switch shards {
        case .bySize(let limit):
            all = Self.cut(items, limit: limit)
        case .perExpert:
            var owner: [String: ExpertID] = [:]
            for expert in configuration.moe.experts {
                for tensor in conversion.tensors(of: expert, configuration.form) { owner[tensor.fullName] = expert }
            }
            let grouped = Dictionary(grouping: items) { owner[$0.name] }
            all = grouped.map { expert, items in
                File(
                    name: expert.map(ShardManifest.fileName(of:)) ?? ShardManifest.routerFileName,
                    items: SafetensorsStream.order(items)
                )
            }
            all.sort { $0.name < $1.name }
        }
        guard all.count <= ShardIndex.shardLimit else {
            throw CheckpointError(
                .unsupported,
                file: checkpoint.folder,
                "expected at most \(ShardIndex.shardLimit) files, a file for each expert makes \(all.count)"
            )
        }
        var homes: [String: (file: String, item: SafetensorsStream.Item)] = [:]
        for file in all {
            for item in file.items { homes[item.name] = (file.name, item) }
        }
        self.homes = homes
        guard shards == .perExpert else {
            files = all
            return
        }
        var wanted = Set(parts.experts.map(ShardManifest.fileName(of:)))
        if parts.router { wanted.insert(ShardManifest.routerFileName) }
        files = all.filter { wanted.contains($0.name) }
    }

    /// Fills file after file, in order of the tensors' names, as published checkpoints are cut.
    private static func cut(_ items: [SafetensorsStream.Item], limit: Int) -> [File] {
        var groups: [[SafetensorsStream.Item]] = [[]]
        var size = 0
        for item in items {
            if size > 0, size + item.byteCount > limit {
                groups.append([])
                size = 0
            }
            groups[groups.count - 1].append(item)
            size += item.byteCount
        }
        guard groups.count > 1 else {
            return [File(name: Checkpoint.singleFileName, items: SafetensorsStream.order(groups[0]))]
        }
        return groups.enumerated().map { index, items in
            let (number, count) = (Self.fiveDigits(index + 1), Self.fiveDigits(groups.count))
            return File(name: "model-\(number)-of-\(count).safetensors", items: SafetensorsStream.order(items))
        }
    }

    private static func fiveDigits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
}
