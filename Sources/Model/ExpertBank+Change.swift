internal import Kernels
package import Shared

/// Banks do not change; a process whose experts come and go makes another one, which shares the weights that stay.
extension ExpertBank {
    /// These experts and those of another bank, whose own counts where both have one.
    package func adding(_ other: ExpertBank) -> ExpertBank {
        ExpertBank(entries: entries.merging(other.entries) { _, theirs in theirs })
    }

    /// All experts but this one.
    package func removing(_ id: ExpertID) -> ExpertBank {
        ExpertBank(entries: entries.filter { $0.key != id })
    }

    /// Bytes that an expert's numbers take in memory; 0 for one that is not here.
    package func byteCount(of id: ExpertID) -> Int { entries[id]?.block?.byteCount ?? 0 }
}

extension ModelWeights {
    /// About the bytes that an expert would take in memory; nil for one that the model does not have, or whose weights
    /// are not in the folder.
    package func estimatedByteCount(of expert: ExpertID) -> Int? {
        guard configuration.moe.experts.contains(expert) else { return nil }
        var bytes = 0
        for tensor in checkpoint.tensors(of: expert, configuration.form) {
            guard checkpoint.isHere(tensor.fullName), let entry = checkpoint.entry(tensor.fullName) else { return nil }
            let numbers = entry.shape.reduce(1, *)
            switch dtype {
            case .f32: bytes += entry.byteRange.count
            case .bf16Pairs, .bf16Tiles: bytes += numbers * 2
            case .int8: bytes += numbers
            }
        }
        return bytes
    }
}
