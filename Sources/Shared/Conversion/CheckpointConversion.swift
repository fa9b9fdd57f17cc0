internal import Foundation

/// Writes a checkpoint anew: in another kind of numbers, cut into other files, or a part of it for one process.
package struct CheckpointConversion: Sendable {
    private let checkpoint: Checkpoint
    private let configuration: ModelConfiguration
    private let conversion: TensorConversion
    private let dtype: TensorDType?
    private let shards: ConversionPlan.Shards
    private let parts: ConversionPlan.Parts

    /// What a conversion did.
    package struct Outcome: Sendable, Equatable {
        /// Files of weights.
        package var files = 0
        /// Bytes of weights.
        package var bytes = 0
        /// Numbers written.
        package var numbers = 0
        /// Numbers that are not what they were: the new kind cannot hold them exactly.
        package var changed = 0
    }

    /// Prepares a conversion; `dtype` nil keeps each tensor's own kind, I8 rounds linear layers to bytes with scales.
    package init(
        of checkpoint: Checkpoint,
        _ configuration: ModelConfiguration,
        dtype: TensorDType?,
        shards: ConversionPlan.Shards,
        parts: ConversionPlan.Parts,
    ) {
        self.checkpoint = checkpoint
        self.configuration = configuration
        conversion =
            switch dtype {
            case nil: TensorConversion(keeping: checkpoint)
            case .i8: TensorConversion(toBytes: checkpoint, configuration)
            case .some(let dtype): TensorConversion(of: checkpoint, to: dtype)
            }
        self.dtype = dtype
        self.shards = shards
        self.parts = parts
    }

    /// Writes the new folder, which must not be there yet: under a temporary name, renamed when all is done.
    ///
    /// `progress` hears of bytes done and bytes in all, and may throw to stop.
    ///
    /// - Throws: `CheckpointError`; nothing is left behind then.
    package func write(
        to destination: String,
        progress: (Int, Int) throws(CheckpointError) -> Void,
    ) throws(CheckpointError) -> Outcome {
        try checkKind()
        let manager = FileManager.default
        let folder = URL(filePath: destination).standardizedFileURL.path
        guard !manager.fileExists(atPath: folder) else {
            throw Self.refusal(
                "expected a folder that is not there yet, found one; remove it or choose another",
                folder
            )
        }
        let plan = try ConversionPlan(
            of: checkpoint,
            configuration,
            conversion: conversion,
            shards: shards,
            parts: parts
        )
        try checkSource(plan)
        let temporary = "\(folder).partial-\(ProcessInfo.processInfo.processIdentifier)"
        do {
            try manager.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        } catch {
            throw Self.refusal("creating the folder failed; check its parent's permissions", folder)
        }
        do throws(CheckpointError) {
            try checkSpace(plan, folder: temporary)
            let outcome = try writeWeights(plan, to: temporary, progress: progress)
            try writeLists(plan, to: temporary)
            try CompanionFiles(of: checkpoint, configuration, dtype: dtype)
                .write(to: temporary, withTokenizer: parts.router || shards != .perExpert)
            guard unsafe rename(temporary, folder) == 0 else {
                let reason = unsafe String(cString: strerror(errno))
                throw Self.refusal("renaming the finished folder failed: \(reason)", folder)
            }
            return outcome
        } catch {
            try? manager.removeItem(atPath: temporary)
            throw error
        }
    }

    private func writeWeights(
        _ plan: ConversionPlan,
        to folder: String,
        progress: (Int, Int) throws(CheckpointError) -> Void,
    ) throws(CheckpointError) -> Outcome {
        let total = plan.files.reduce(0) { $0 + $1.byteCount }
        var outcome = Outcome()
        for file in plan.files {
            var stream = try SafetensorsStream(
                path: folder + "/" + file.name,
                items: file.items,
                metadata: ["format": "pt"]
            )
            for item in file.items {
                outcome.changed += try conversion.forEachPiece(of: item.name) { (piece) throws(CheckpointError) in
                    try stream.append(piece)
                    outcome.bytes += piece.byteCount
                    try progress(outcome.bytes, total)
                }
                // Scales are not numbers of the model.
                if !conversion.isScale(item.name) { outcome.numbers += item.byteCount / item.dtype.byteCount }
                checkpoint.release(conversion.source(of: item.name))
            }
            try stream.finish()
            outcome.files += 1
        }
        return outcome
    }

    /// The index of several files; the manifest of files by expert.
    private func writeLists(_ plan: ConversionPlan, to folder: String) throws(CheckpointError) {
        let names = plan.homes.keys.sorted()
        let isWhole = Set(plan.homes.values.map(\.file)).count == plan.files.count
        if isWhole, plan.files.count > 1 {
            let total = plan.files.reduce(0) { $0 + $1.byteCount }
            let map = names.compactMap { name in plan.homes[name].map { (name, JSONValue.string($0.file)) } }
            let index = JSONObject([
                ("metadata", .object(JSONObject([("total_size", .integer(total))]))),
                ("weight_map", .object(JSONObject(map))),
            ])
            try Self.write(JSONText.document(.object(index)), to: folder, ShardIndex.fileName)
        }
        guard shards == .perExpert else { return }
        var hashes: [ExpertID: WeightsHash] = [:]
        for expert in configuration.moe.experts {
            let tensors = conversion.tensors(of: expert, configuration.form)
            let isHere = tensors.allSatisfy { checkpoint.isHere(conversion.source(of: $0.fullName)) }
            // A part cut from a part: what is elsewhere is as the first manifest says, if its numbers stay.
            if !isHere, dtype == nil, let promised = checkpoint.manifest?.experts[expert] {
                hashes[expert] = promised
                continue
            }
            hashes[expert] = try checkpoint.weightsHash(of: tensors, converting: conversion)
            for tensor in tensors { checkpoint.release(conversion.source(of: tensor.fullName)) }
        }
        let manifest = ShardManifest(
            layoutHash: checkpoint.layoutHash(configuration, converting: conversion),
            tensors: plan.homes.mapValues { .init(file: $0.file, dtype: $0.item.dtype, shape: $0.item.shape) },
            experts: hashes,
            // The same numbers give the same outputs; rounded ones do not.
            canary: dtype == nil ? checkpoint.manifest?.canary ?? [:] : [:]
        )
        try Self.write(manifest.document, to: folder, ShardManifest.fileName)
    }

    /// Refuses a source that lacks what is to be written, or whose experts are not those that its manifest promises.
    private func checkSource(_ plan: ConversionPlan) throws(CheckpointError) {
        for file in plan.files {
            for item in file.items {
                let source = conversion.source(of: item.name)
                if !checkpoint.isHere(source) { try checkpoint.withBytes(source) { _ in } }
            }
        }
        guard let manifest = checkpoint.manifest else { return }
        for (expert, promised) in manifest.experts.sorted(by: { $0.key < $1.key }) {
            let tensors = checkpoint.tensors(of: expert, configuration.form)
            guard tensors.allSatisfy({ checkpoint.isHere($0.fullName) }) else { continue }
            guard try checkpoint.weightsHash(of: tensors) != promised else { continue }
            throw CheckpointError(
                .unusableWeights,
                file: ShardManifest.fileName(of: expert),
                "expected the weights of expert \(expert) that \(ShardManifest.fileName) promises, found others; the file "
                    + "is damaged or of another model, copy it again"
            )
        }
    }

    /// Refuses to make wider numbers of bytes, which would look like the original's and are not.
    private func checkKind() throws(CheckpointError) {
        guard let dtype, dtype != .i8, checkpoint.hasByteWeights else { return }
        throw CheckpointError(
            .unsupported,
            file: checkpoint.folder,
            "expected numbers that can become \(dtype.rawValue), found linear layers that were rounded to bytes (int8); "
                + "convert from the original checkpoint"
        )
    }

    private func checkSpace(_ plan: ConversionPlan, folder: String) throws(CheckpointError) {
        let needed = plan.files.reduce(0) { $0 + $1.byteCount }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue, free < needed else { return }
        throw Self.refusal(
            "expected \(needed) bytes of free space, found \(free); make room or choose another disk",
            folder
        )
    }

    static func write(_ text: String, to folder: String, _ name: String) throws(CheckpointError) {
        do {
            try Data(text.utf8).write(to: URL(filePath: folder + "/" + name))
        } catch {
            throw refusal("writing failed; check the free space", name)
        }
    }

    static func refusal(_ message: String, _ file: String) -> CheckpointError {
        CheckpointError(.unwritable, file: file, message)
    }
}
