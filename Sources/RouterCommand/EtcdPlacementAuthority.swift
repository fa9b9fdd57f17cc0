internal import Membership
internal import Router
internal import Shared

/// The placement in etcd, for the control API.
struct EtcdPlacementAuthority: PlacementAuthority {
    let store: EtcdPlacementStore
    /// What the router follows: where nobody wrote a placement yet, the epoch of the registered nodes.
    let board: DocumentBoard

    var name: String { "etcd" }

    /// What somebody wrote; nil where the registered nodes make the placement up.
    func current() async throws(PlacementAuthorityError) -> PlacementDocument? {
        do {
            return try await store.fetch()
        } catch {
            throw Self.translate(error)
        }
    }

    /// What the router follows: each question to etcd is a connection, and a login where it asks for one.
    func glance() async -> PlacementDocument? { board.placed }

    func apply(_ document: PlacementDocument) async throws(PlacementAuthorityError) {
        do {
            let former = try await store.fetch()?.epoch
            let expected = (former ?? board.latest?.epoch ?? 0) + 1
            guard document.epoch == expected else {
                throw PlacementAuthorityError(expected: expected, found: document.epoch)
            }
            try await store.apply(document, after: former)
        } catch {
            throw Self.translate(error)
        }
    }

    private static func translate(_ error: any Error) -> PlacementAuthorityError {
        switch error {
        case let error as PlacementAuthorityError: error
        case let error as MembershipError:
            // Its sentences end with a point, which is put behind them later.
            PlacementAuthorityError(
                error.code == .conflict ? .conflict : .unavailable,
                error.message.hasSuffix(".") ? String(error.message.dropLast()) : error.message,
            )
        default: PlacementAuthorityError(.unavailable, "etcd could not be asked (\(error)); try again")
        }
    }
}

extension NodesChoice {
    /// Has the control API change the placement where the nodes come from.
    func keep(_ control: inout ControlSettings, board: DocumentBoard) {
        guard case .followed(let words, _) = self else { return }
        switch words {
        case .file(let path): control.authority = FilePlacementAuthority(path: path, of: control.moe)
        case .dns: control.fixedBy = "dns"
        case .etcd(let address):
            let store = EtcdPlacementStore(address: address, credentials: .fromEnvironment, moe: control.moe)
            control.authority = EtcdPlacementAuthority(store: store, board: board)
        }
    }
}
