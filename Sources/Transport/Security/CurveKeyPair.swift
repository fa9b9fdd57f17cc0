internal import CZeroMQ

/// The keys by which a process proves who it is; the secret one leaves the value only towards ZeroMQ and its own file.
package struct CurveKeyPair: Hashable, Sendable {
    /// What others know.
    package let publicKey: CurvePublicKey
    /// What nobody else may know, in Z85.
    let secret: String

    /// Takes the two halves of one pair.
    ///
    /// - Throws: `invalidKey` when one is no key or they do not belong together, `noCurve`.
    package init(publicKey: String, secret: String) throws(WireSecurityError) {
        try Self.requireCurve()
        guard let key = CurvePublicKey(publicKey) else {
            throw WireSecurityError(.invalidKey, "expected a public key of 40 characters (Z85), found something else")
        }
        guard CurvePublicKey.isKey(secret) else {
            throw WireSecurityError(.invalidKey, "expected a secret key of 40 characters (Z85), found something else")
        }
        var derived = [CChar](repeating: 0, count: CurvePublicKey.length + 1)
        guard unsafe zmq_curve_public(&derived, secret) == 0, Self.text(derived) == publicKey else {
            throw WireSecurityError(
                .invalidKey,
                // Without the key itself: of two that were exchanged, this one is the secret.
                "the public key does not belong to the secret key beside it; make a new pair"
            )
        }
        self.publicKey = key
        self.secret = secret
    }

    /// Makes a new pair.
    ///
    /// - Throws: `noCurve`.
    package static func generate() throws(WireSecurityError) -> CurveKeyPair {
        try requireCurve()
        var publicKey = [CChar](repeating: 0, count: CurvePublicKey.length + 1)
        var secret = publicKey
        guard unsafe zmq_curve_keypair(&publicKey, &secret) == 0 else {
            throw WireSecurityError(.noCurve, "\(ZMQError.last("make a pair of keys")); is libzmq whole?")
        }
        return try CurveKeyPair(publicKey: text(publicKey), secret: text(secret))
    }

    /// Whether the installed ZeroMQ encrypts: packaged builds do, a build without libsodium may not.
    static func requireCurve() throws(WireSecurityError) {
        guard unsafe zmq_has("curve") == 1 else {
            throw WireSecurityError(
                .noCurve,
                "this libzmq was built without CURVE and cannot encrypt; install the distribution's libzmq5"
            )
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension CurveKeyPair: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The public key, and that there is a secret one.
    package var description: String { "keys of \(publicKey)" }
    /// The same: a debugger's or a log's view has no secret either.
    package var debugDescription: String { description }
    /// The public key alone.
    package var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}
