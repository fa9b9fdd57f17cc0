package import Kernels

extension Checkpoint {
    /// Whether linear layers are stored in bytes with scales, as `medmoe convert --dtype int8` writes them.
    package var hasByteWeights: Bool {
        names.contains { $0.hasSuffix(TensorNames.weightSuffix) && entry($0)?.dtype == .i8 }
    }

    /// What linear layers compute with unless somebody chooses: bytes are for int8 alone.
    package var defaultDType: ComputeDType { hasByteWeights ? .int8 : .f32 }

    /// Whether a tensor holds the scales of a weight that is stored in bytes.
    package func isScale(_ name: String) -> Bool {
        guard let weight = TensorNames.weight(ofScale: name) else { return false }
        return entry(weight)?.dtype == .i8
    }

    /// Pairs of relative and full name of an expert's tensors, with the scales of weights in bytes.
    package func tensors(
        of expert: ExpertID,
        _ form: ModelForm,
    ) -> [(relativeName: String, fullName: String)] {
        TensorConversion(keeping: self).tensors(of: expert, form)
    }

    /// A linear layer's weight as it is stored, with its scales where it is stored in bytes.
    ///
    /// - Throws: `missingTensor`, `wrongShape`, `wrongDType`, or `unusableWeights` for scales that cannot be.
    package func linearWeight(_ name: String, expectedShape: [Int]) throws(CheckpointError) -> LinearWeight {
        guard let entry = entry(name), entry.dtype == .i8, entry.shape.count == 2 else {
            return .numbers(try matrix(name, expectedShape: expectedShape))
        }
        let bytes = try byteRows(name, expectedShape: expectedShape)
        return .bytes(bytes(try scales(of: name, outputs: expectedShape[0])))
    }

    private func scales(of weight: String, outputs: Int) throws(CheckpointError) -> [Float] {
        let name = TensorNames.scale(of: weight)
        func problem(_ code: CheckpointError.Code, _ found: String) -> CheckpointError {
            CheckpointError(
                code,
                file: fileName(of: name) ?? fileName(of: weight),
                tensor: CheckpointError.quotable(name),
                "expected a scale of F32 for each of the \(outputs) outputs of a weight in bytes, found \(found); convert "
                    + "the original checkpoint again"
            )
        }
        guard let entry = entry(name) else { throw problem(.missingTensor, "no tensor of this name") }
        guard entry.shape == [outputs] else {
            throw problem(.wrongShape, "the shape \(TensorEntry.describe(entry.shape))")
        }
        guard entry.dtype == .f32 else { throw problem(.wrongDType, "\(entry.dtype.rawValue)") }
        let scales = try float32(name, expectedShape: [outputs])
        if let wrong = scales.first(where: { !$0.isFinite || $0 < 0 }) {
            throw problem(.unusableWeights, "\(wrong), which is no scale")
        }
        return scales
    }
}
