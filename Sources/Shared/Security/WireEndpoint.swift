/// What an endpoint's text says about who can listen to it.
package enum WireEndpoint {
    /// Whether what goes through the endpoint stays on this machine: an ipc path, or a loopback address written out.
    ///
    /// Names other than `localhost` are not looked up: what they mean is decided elsewhere, and may change.
    package static func staysOnMachine(_ text: String) -> Bool {
        if text.hasPrefix("ipc://") { return true }
        // ZeroMQ reads `source;destination` too; nobody needs that here, so it is not taken apart.
        guard text.hasPrefix("tcp://"), !text.contains(";") else { return false }
        let address = text.dropFirst(6)
        guard let colon = address.lastIndex(of: ":") else { return false }
        let host = address[..<colon]
        return host == "localhost" || host == "[::1]" || isLoopback(host)
    }

    /// Why a text cannot be `tcp://host:port` or `ipc://path` of bearable length; nil when it can.
    package static func fault(of text: String) -> String? {
        let expected = "expected tcp://host:port or ipc://path"
        guard text.utf8.count <= 512, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "an endpoint is at most 512 visible ASCII characters; \(expected)"
        }
        if text.hasPrefix("ipc://") {
            let length = text.utf8.count - 6
            // The field of the system's address structure has 108 bytes, the last of them 0.
            return (1...107).contains(length)
                ? nil : "the path of \(text) has \(length) characters; an ipc path has 1 to 107"
        }
        let address = text.dropFirst(6)
        guard text.hasPrefix("tcp://"), let colon = address.lastIndex(of: ":"), colon != address.startIndex else {
            return "\(text) is not an endpoint; \(expected)"
        }
        let port = address[address.index(after: colon)...]
        guard port == "*" || UInt16(port) != nil else {
            return "the port of \(text) is not a number from 0 to 65535; \(expected)"
        }
        return nil
    }

    /// One sentence for whoever wanted to go there in plain.
    package static func refusal(of endpoint: String) -> String {
        "\(endpoint) can be reached from other machines, and the wire there has to be encrypted; give --key-file and "
            + "--allow-list (medmoe keys new makes keys), or --insecure-wire to go without."
    }

    /// Four numbers of which the first is 127; a name that merely begins so is none.
    private static func isLoopback(_ host: Substring) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in part.utf8.allSatisfy { (48...57).contains($0) } && UInt8(part) != nil }
    }
}
