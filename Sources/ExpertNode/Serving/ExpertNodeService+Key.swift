internal import Transport

extension ExpertNodeService.Configuration {
    /// The public key that it proves itself with, for those who look for it; nil on a plain wire.
    package var publicKey: String? { security?.keys.publicKey.text }
}
