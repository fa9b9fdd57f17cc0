internal import Crypto

/// 128 bits that tell a picture's prepared pixels from all others.
package struct ImageDigest: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    /// Digests pixels.
    package init(_ pixels: [Float]) {
        var hash = SHA256()
        unsafe pixels.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        var words: [UInt64] = [0, 0]
        for (index, byte) in hash.finalize().prefix(16).enumerated() {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
        }
        (high, low) = (words[0], words[1])
    }
}
