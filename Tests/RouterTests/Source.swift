import Model
import Shared
import Testing

/// Names for tests: hashes and sources that are easily told apart.
enum Source {
    /// A digest of 32 equal bytes.
    static func hash(_ byte: UInt8) -> WeightsHash? { WeightsHash(bytes: [UInt8](repeating: byte, count: 32)) }

    static func make(_ node: String, _ byte: UInt8 = 1) -> ExpertSource {
        guard let hash = hash(byte) else { preconditionFailure("32 bytes are a digest") }
        return ExpertSource(node: NodeID(node), weightsHash: hash)
    }
}
