package import Kernels
package import Shared

/// The proof that an expert computes what it should: the same few rows through it again and again, and the checksum of
/// what comes out.
///
/// Kernels give the same bits on every machine of the same numerics, so another checksum is another expert: damaged
/// weights, other weights, or a broken machine.
package enum Canary {
    /// Rows that go through an expert.
    package static let rowCount = 2

    /// What came out of an expert.
    package enum Finding: Equatable, Sendable {
        /// Numbers with this CRC-32C of their bytes.
        case checksum(UInt32)
        /// Something else than numbers.
        case notFinite
        /// Nothing, for the expert is not here.
        case absent
    }

    /// The rows, `(rowCount, hiddenSize)`: small multiples of 1/16, the same for ever.
    package static func rows(hiddenSize: Int) -> Tensor {
        var numbers: [Float] = []
        for row in 0..<rowCount {
            for column in 0..<hiddenSize {
                let sixteenths = (31 * row + 7 * column) % 17 - 8
                numbers.append(Float(sixteenths) / 16)
            }
        }
        return Tensor(TensorShape(rowCount, hiddenSize), numbers)
    }
}

extension ExpertBank {
    /// Sends the canary through one expert.
    package func canary(_ id: ExpertID, hiddenSize: Int, on pool: ThreadPool) -> Canary.Finding {
        guard let output = compute(id, rows: Canary.rows(hiddenSize: hiddenSize), on: pool) else { return .absent }
        guard output.isFinite else { return .notFinite }
        return .checksum(output.checksum)
    }

    /// Sends the canary through every expert, so that a process only serves what has been seen to work.
    ///
    /// Returns the checksums of what came out. Experts that echo are passed over.
    ///
    /// - Parameter promised: the checksums that the checkpoint's manifest has; experts that it does not name are taken as
    ///   they are.
    /// - Throws: `unusableWeights` for the first expert whose output is not all numbers, or has another checksum.
    @discardableResult
    package func prove(
        on pool: ThreadPool,
        promised: [ExpertID: UInt32] = [:],
    ) throws(CheckpointError) -> [ExpertID: UInt32] {
        var checksums: [ExpertID: UInt32] = [:]
        for id in experts {
            guard let block = entries[id]?.block else { continue }
            guard case .checksum(let found) = canary(id, hiddenSize: block.hiddenSize, on: pool) else {
                throw CheckpointError(
                    .unusableWeights,
                    tensor: TensorNames.expert(id),
                    "expected finite outputs of expert \(id) for ordinary rows, found others; its weights are damaged",
                )
            }
            if let wanted = promised[id], wanted != found {
                throw CheckpointError(
                    .unusableWeights,
                    tensor: TensorNames.expert(id),
                    "expected outputs of expert \(id) with the checksum \(Self.hex(wanted)) that \(ShardManifest.fileName) "
                        + "promises, found \(Self.hex(found)); this machine or its memory computes wrongly",
                )
            }
            checksums[id] = found
        }
        return checksums
    }

    private static func hex(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
