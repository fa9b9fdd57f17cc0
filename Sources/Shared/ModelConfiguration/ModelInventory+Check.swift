extension ModelInventory {
    /// A tensor that is there but cannot be used as it is.
    package struct Misfit: Equatable, Sendable {
        /// What the model needs.
        package let requirement: TensorRequirement
        /// What the checkpoint holds.
        package let found: TensorEntry

        /// The kinds of numbers that it may hold.
        fileprivate var wanted: String {
            TensorNames.weight(ofScale: requirement.name) == nil ? "F16, BF16 or F32" : "F32"
        }
    }

    /// How a checkpoint differs from what its configuration demands.
    package struct Report: Equatable, Sendable {
        /// Needed and not there.
        package let missing: [TensorRequirement]
        /// There with another shape.
        package let misshapen: [Misfit]
        /// There with numbers that are not floats of 16 or 32 bits.
        package let unreadable: [Misfit]
        /// There and not needed, by name; this does no harm.
        package let surplus: [TensorEntry]

        /// Whether the model can be loaded.
        package var isLoadable: Bool { missing.isEmpty && misshapen.isEmpty && unreadable.isEmpty }

        /// The first fault as an error, with the number of the others; nil when the model can be loaded.
        package var error: CheckpointError? {
            let others = missing.count + misshapen.count + unreadable.count - 1
            let more = others > 0 ? "; \(others) more tensors do not fit" : ""
            if let first = missing.first {
                return CheckpointError(
                    .missingTensor,
                    tensor: first.name,
                    "expected a tensor of shape \(TensorEntry.describe(first.shape)), found none\(more)"
                )
            }
            if let first = misshapen.first {
                return CheckpointError(
                    .wrongShape,
                    tensor: first.requirement.name,
                    "expected the shape \(TensorEntry.describe(first.requirement.shape)), "
                        + "found \(TensorEntry.describe(first.found.shape))\(more)"
                )
            }
            return unreadable.first.map { first in
                CheckpointError(
                    .wrongDType,
                    tensor: first.requirement.name,
                    "expected numbers of \(first.wanted), found \(first.found.dtype.rawValue)\(more)"
                )
            }
        }
    }

    /// Holds the demands against a checkpoint; only headers are looked at.
    package func check(_ checkpoint: Checkpoint) -> Report {
        var missing: [TensorRequirement] = []
        var misshapen: [Misfit] = []
        var unreadable: [Misfit] = []
        let scales = scales(in: checkpoint)
        let inBytes = Set(scales.compactMap { TensorNames.weight(ofScale: $0.name) })
        for requirement in required + scales {
            guard let found = checkpoint.entry(requirement.name) else {
                missing.append(requirement)
                continue
            }
            let misfit = Misfit(requirement: requirement, found: found)
            if found.shape != requirement.shape {
                misshapen.append(misfit)
            } else if TensorNames.weight(ofScale: found.name) != nil {
                if found.dtype != .f32 { unreadable.append(misfit) }
            } else if found.dtype.weightKind == nil, !inBytes.contains(found.name) {
                unreadable.append(misfit)
            }
        }
        let known = Set((required + unread + scales).map(\.name))
        let surplus = checkpoint.names.filter { !known.contains($0) }.compactMap { checkpoint.entry($0) }
        return Report(missing: missing, misshapen: misshapen, unreadable: unreadable, surplus: surplus)
    }

    /// What a checkpoint has to hold beside those of its weights that it stores in bytes.
    private func scales(in checkpoint: Checkpoint) -> [TensorRequirement] {
        linearWeights.filter { checkpoint.entry($0.name)?.dtype == .i8 }
            .map { TensorRequirement(TensorNames.scale(of: $0.name), [$0.shape[0]]) }
    }
}
