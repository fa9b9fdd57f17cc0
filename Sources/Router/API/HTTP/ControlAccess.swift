internal import HTTPTypes
package import Hummingbird

/// Who may change something through the control API: whoever shows the token, or whoever asks directly from this machine
/// where there is none.
package struct ControlAccess: Sendable {
    private let token: String?
    private let isLoopback: Bool

    /// Takes the token, if one is asked for, and the address that the API listens on.
    package init(token: String?, host: String) {
        self.token = token
        isLoopback = Self.isLoopback(host)
    }

    /// Whether only this machine reaches an address.
    package static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4 = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil } && parts[0] == "127"
        return isIPv4 || host == "::1" || host == "localhost"
    }

    /// Throws unless the request may change something.
    package func check(_ request: Request) throws(ControlError) {
        guard let token else {
            guard isLoopback else {
                throw ControlError(
                    .forbidden,
                    "This API listens on more than loopback and has no token, so it takes no changes; start the router with "
                        + "--control-token-file.",
                )
            }
            // A proxy on this machine reaches loopback too, on behalf of anybody.
            guard Self.forwarding.allSatisfy({ request.headers[$0] == nil }) else {
                throw ControlError(
                    .forbidden,
                    "Changes that come through a proxy need a token; start the router with --control-token-file, or send "
                        + "them to it directly.",
                )
            }
            // So does a page in a browser, and it says where it is from.
            guard request.headers[.origin] == nil else {
                throw ControlError(.forbidden, "Changes are not taken from web pages; send them without Origin.")
            }
            return
        }
        let given = request.headers[.authorization]?.split(separator: " ", maxSplits: 1).map(String.init) ?? []
        guard given.count == 2, given[0].lowercased() == "bearer", Self.areEqual(given[1], token) else {
            throw ControlError(
                .unauthorized,
                "Changes need the token of --control-token-file as \"Authorization: Bearer TOKEN\"; "
                    + (given.isEmpty ? "none came." : "another came."),
            )
        }
    }

    /// What proxies add to a request that they hand on.
    private static let forwarding: [HTTPField.Name] =
        [.via]
        + [
            "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port",
            "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Real-IP",
        ].compactMap { HTTPField.Name($0) }

    /// Compares without telling by the time taken how much is equal.
    private static func areEqual(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
