package import Kernels
package import Shared

extension ModelWeights {
    /// The checksums of the canary's outputs that the checkpoint's manifest has for the numerics of these weights.
    package var promisedCanary: [ExpertID: UInt32] { checkpoint.manifest?.canary[dtype.numerics] ?? [:] }

    /// Proves the experts whose weights are in the folder and adds their checksums to its manifest; nothing where there
    /// is no manifest.
    ///
    /// Experts are loaded one at a time. `progress` hears of how many are done and how many there are, and may throw to
    /// stop.
    ///
    /// - Throws: `CheckpointError`; the manifest is as it was then.
    package func writeCanary(
        on pool: ThreadPool,
        progress: (Int, Int) throws(CheckpointError) -> Void = { _, _ in },
    ) throws(CheckpointError) {
        guard var manifest = checkpoint.manifest else { return }
        let here = expertsHere
        guard !here.isEmpty else { return }
        for (done, expert) in here.enumerated() {
            let found = try ExpertBank(loading: [expert], from: self).prove(on: pool, promised: promisedCanary)
            manifest.canary[dtype.numerics, default: [:]].merge(found) { _, new in new }
            for tensor in checkpoint.tensors(of: expert, configuration.form) { checkpoint.release(tensor.fullName) }
            try progress(done + 1, here.count)
        }
        try manifest.write(to: folder)
    }
}
