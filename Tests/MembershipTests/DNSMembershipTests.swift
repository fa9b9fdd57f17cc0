import Membership
import Shared
import Synchronization
import Testing

@Suite("Membership from a name") struct DNSMembershipTests {
    private func follow(
        _ source: DNSMembership,
        _ body: @Sendable () async throws -> Void,
    ) async throws {
        try await source.prepare()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await source.run() }
            try await body()
            group.cancelAll()
        }
    }

    @Test("Each address of a name is a node; the resolver is the system's")
    func localhost() async throws {
        let (board, lines) = (DocumentBoard(), LogLines())
        let source = DNSMembership(name: "localhost", port: 7007, board: board, logger: lines.logger)
        try await follow(source) {
            try await eventually { board.latest != nil }
            let nodes = board.latest?.nodes ?? []
            #expect(nodes.contains { $0.endpoint == "tcp://127.0.0.1:7007" && $0.id == NodeID("127.0.0.1") })
            #expect(nodes.allSatisfy { $0.servesWhatItHosts })
            #expect(Set(nodes.map(\.endpoint)).count == nodes.count)
        }
    }

    @Test("A name without addresses is said once; when it has some again, that too")
    func failure() async throws {
        let (board, lines) = (DocumentBoard(), LogLines())
        let answers = Answers(["10.0.0.1"])
        let source = DNSMembership(
            name: "experts",
            port: 7000,
            board: board,
            logger: lines.logger,
            interval: .milliseconds(2),
            grace: .zero,
            resolve: { _ throws(MembershipError) in try answers.answer() },
        )
        try await follow(source) {
            try await eventually { board.latest?.nodes.map(\.endpoint) == ["tcp://10.0.0.1:7000"] }
            answers.set(nil)
            try await eventually { answers.failures > 3 }
            #expect(lines.warnings.count == 1, "\(lines.warnings)")
            #expect(board.latest?.nodes.count == 1, "the last addresses stay")
            answers.set(["10.0.0.2", "fd00::1"])
            try await eventually { board.latest?.nodes.count == 2 }
            #expect(board.latest?.nodes.map(\.endpoint) == ["tcp://10.0.0.2:7000", "tcp://[fd00::1]:7000"])
            try await eventually { lines.all.last == "notice The name experts has addresses again." }
        }
    }

    /// What a resolver answers.
    private final class Answers: Sendable {
        private let state: Mutex<(addresses: [String]?, failures: Int)>

        init(_ addresses: [String]) { state = Mutex((addresses, 0)) }

        var failures: Int { state.withLock { $0.failures } }

        func set(_ addresses: [String]?) { state.withLock { $0.addresses = addresses } }

        func answer() throws(MembershipError) -> [String] {
            let addresses = state.withLock { state in
                if state.addresses == nil { state.failures += 1 }
                return state.addresses
            }
            guard let addresses else { throw MembershipError(.unresolved, "The name experts has no addresses now.") }
            return addresses
        }
    }
}
