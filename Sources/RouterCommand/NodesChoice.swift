internal import CommandSupport
internal import Foundation
internal import Logging
internal import Membership
internal import Shared

/// Where the router finds its nodes: endpoints that stay, or a source of membership.
enum NodesChoice: CustomStringConvertible {
    case fixed([String])
    case followed(MembershipWords, words: String)

    /// Exactly one of the two has to be given.
    init(_ settings: Settings, nodes: String?, membership: String?) throws(SettingsError) {
        // A flag of the one wins over what environment or file say of the other.
        let list = membership == nil ? settings.string("nodes", flag: nodes) : nodes
        let words = nodes == nil ? settings.string("membership", flag: membership) : membership
        switch (list, words) {
        case (let list?, nil): self = .fixed(try Self.endpoints(in: list))
        case (nil, let words?):
            do {
                self = .followed(try MembershipWords(parsing: words), words: words)
            } catch {
                throw SettingsError("membership: \(error.message).")
            }
        case (_?, _?): throw SettingsError("nodes and membership exclude each other; both came, give one of them.")
        case (nil, nil):
            throw SettingsError("nodes is missing; give --nodes with endpoints, or --membership for nodes that change.")
        }
    }

    /// The endpoints that stay.
    var endpoints: [String] {
        if case .fixed(let endpoints) = self { endpoints } else { [] }
    }

    /// The source, where nodes are followed.
    func makeSource(of moe: MoEConfiguration, board: DocumentBoard, logger: Logger) -> (any MembershipSource)? {
        guard case .followed(let words, _) = self else { return nil }
        return words.makeSource(of: moe, board: board, credentials: .fromEnvironment, logger: logger)
    }

    /// For the log.
    var description: String {
        switch self {
        case .fixed(let endpoints): String(endpoints.count)
        case .followed(_, let words): words
        }
    }

    private static func endpoints(in list: String) throws(SettingsError) -> [String] {
        let endpoints = list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
        guard !endpoints.isEmpty, Set(endpoints).count == endpoints.count, endpoints.count <= 4096 else {
            throw SettingsError("nodes has to name 1 to 4096 endpoints, each once; none, more or one twice came.")
        }
        return endpoints
    }
}
