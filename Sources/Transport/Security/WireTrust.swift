package import Shared
internal import Synchronization

/// Whom this process trusts now: the allow-list in its file, read again when the file changes.
///
/// Any thread may ask. A file that cannot be read any more, or breaks its form, leaves the last good list in force.
package final class WireTrust: Sendable {
    /// What a look at the file found.
    package enum News: Equatable, Sendable {
        /// Nothing, or it was not time to look.
        case none
        /// A new list is in force.
        case changed
        /// The file changed and is not taken, with the reason; the former list stays.
        case rejected(String)
    }

    private struct State {
        var list: AllowList
        var stamp: [Int]?
        /// Why the file could not be read at the last look.
        var lastTrouble: String?
        var nextLook: ContinuousClock.Instant
        var placementKeys: [String: CurvePublicKey] = [:]
        var revision = 0
    }

    private let path: String?
    private let moe: MoEConfiguration?
    private let state: Mutex<State>
    /// Between two looks at the file.
    package static let interval: Duration = .seconds(1)

    /// Reads an allow-list's file for the experts of a model.
    ///
    /// - Throws: `unreadableFile`, `invalidAllowList`.
    package init(file path: String, of moe: MoEConfiguration) throws(WireSecurityError) {
        self.path = path
        self.moe = moe
        let stamp = SecureFile.stamp(path)
        let list = try Self.read(path, moe)
        state = Mutex(State(list: list, stamp: stamp, nextLook: .now + Self.interval))
    }

    /// Takes a list that stays until `replace`.
    package init(_ list: AllowList) {
        path = nil
        moe = nil
        state = Mutex(State(list: list, stamp: nil, nextLook: .now))
    }

    /// Goes up whenever somebody may be trusted more or less than before.
    package var revision: Int { state.withLock { $0.revision } }

    /// The list in force.
    package var list: AllowList { state.withLock { $0.list } }

    /// The name of the router that holds a key, nil for one that may not ask.
    package func router(key: CurvePublicKey) -> NodeID? { state.withLock { $0.list.routers[key] } }

    /// The node that has to answer at an endpoint, nil when nobody may.
    ///
    /// The placement's key counts before the list's endpoint; only the list says what a key may do.
    package func node(at endpoint: String) -> AllowList.Node? {
        state.withLock { state in
            if let key = state.placementKeys[endpoint] { return state.list.node(key: key) }
            return state.list.node(endpoint: endpoint)
        }
    }

    /// What the list in force lets a node of a placement host: what it grants to its name, and to its key where the
    /// placement has one; nothing where the list does not know it.
    ///
    /// By the name and not by the endpoint: a placement may leave out keys, and nodes that register bring both along.
    package func grant(to node: PlacementDocument.Node) -> Set<ExpertID> {
        state.withLock { state in
            let key = node.key.map { CurvePublicKey($0) }
            let known = state.list.nodes.filter { $0.name == node.id && (key == nil || $0.key == key) }
            return known.reduce(into: []) { $0.formUnion($1.experts) }
        }
    }

    /// Takes the keys that a placement names for its nodes' endpoints.
    package func take(_ placement: PlacementDocument) {
        let pairs = placement.nodes.compactMap { node in
            node.key.flatMap { CurvePublicKey($0) }.map { (node.endpoint, $0) }
        }
        let keys = Dictionary(pairs) { first, _ in first }
        state.withLock { state in
            guard state.placementKeys != keys else { return }
            state.placementKeys = keys
            state.revision += 1
        }
    }

    /// Puts another list in force.
    package func replace(_ list: AllowList) {
        state.withLock { state in
            guard state.list != list else { return }
            state.list = list
            state.revision += 1
        }
    }

    /// Looks whether the file changed, at most once a second.
    package func refresh(now: ContinuousClock.Instant = .now) -> News {
        guard let path, let moe else { return .none }
        let isDue = state.withLock { state in
            guard now >= state.nextLook else { return false }
            state.nextLook = now + Self.interval
            return true
        }
        guard isDue else { return .none }
        let stamp = SecureFile.stamp(path)
        guard state.withLock({ $0.stamp != stamp }) else { return .none }
        do {
            let list = try Self.read(path, moe)
            return state.withLock { state in
                state.stamp = stamp
                state.lastTrouble = nil
                guard state.list != list else { return .none }
                state.list = list
                state.revision += 1
                return .changed
            }
        } catch {
            // What was read and is not good waits for the next change; what could not be read is tried again at each look.
            // Either is told once, not each second.
            let isNews = state.withLock { state in
                guard error.code == .unreadableFile else {
                    state.stamp = stamp
                    state.lastTrouble = nil
                    return true
                }
                defer { (state.stamp, state.lastTrouble) = (nil, error.message) }
                return state.lastTrouble != error.message
            }
            return isNews ? .rejected(error.message) : .none
        }
    }

    private static func read(_ path: String, _ moe: MoEConfiguration) throws(WireSecurityError) -> AllowList {
        let bytes = try SecureFile.read(path, limit: AllowList.byteLimit, privacy: .any)
        do {
            return try AllowList(json: bytes, of: moe)
        } catch {
            throw WireSecurityError(error.code, "\(path): \(error.message)")
        }
    }
}
