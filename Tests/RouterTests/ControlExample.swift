import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Router
import Shared
import Synchronization
import Transport

/// A small cluster as the control API sees it: `a` has everything, `b` all routed experts, a third never said its name.
final class ControlExample: Sendable {
    static let moe = MoEConfiguration(layers: [0], expertCounts: [2], topK: 1, hasMetaExpert: true)
    static let (first, second, meta) = (
        ExpertID(layer: 0, slot: .routed(0)), ExpertID(layer: 0, slot: .routed(1)), ExpertID(layer: 0, slot: .meta)
    )

    /// What a registry says after `a` and `b` said hello.
    static let status: ClusterStatus = {
        let hash = Source.make("").weightsHash
        var registry = NodeRegistry(
            expectation: ModelExpectation(
                layoutHash: hash,
                hiddenSize: 8,
                experts: Dictionary(uniqueKeysWithValues: moe.experts.map { ($0, hash) }),
                numerics: "slow",
            ),
            epoch: 4,
        )
        for (index, name) in ["a", "b", "new"].enumerated() {
            let link = LinkID(rawValue: index)
            registry.add(link, endpoint: "tcp://\(name):1", timing: .init())
            guard name != "new" else { continue }
            let hello = HelloMessage(
                sender: name,
                incarnation: 1,
                role: .expertNode,
                modelHash: hash,
                hiddenSize: 8,
                placementEpoch: 4,
                experts: (name == "a" ? moe.experts : [first, second]).map {
                    HostedExpert(expert: $0, weightsHash: hash)
                },
                numerics: "slow",
                software: "test/1",
                maximumMessageBytes: 1 << 20,
            )
            _ = registry.handle(.connected(link), at: .zero)
            _ = registry.handle(.message(link, WireHeader(request: 1, body: .hello(hello)), nil), at: .zero)
        }
        return registry.status
    }()

    /// Keeps a document in memory; others may get in between.
    final class Authority: PlacementAuthority {
        let document: Mutex<PlacementDocument?>
        /// How many further changes somebody else makes just before ours.
        let rivals = Mutex(0)
        let isAway = Mutex(false)
        /// How often it was asked.
        let questions = Mutex(0)
        /// What whoever looks waits for.
        let hold = Mutex<(@Sendable () async -> Void)?>(nil)

        init(_ document: PlacementDocument?) { self.document = Mutex(document) }

        var name: String { "test" }
        func current() async throws(PlacementAuthorityError) -> PlacementDocument? {
            questions.withLock { $0 += 1 }
            if let hold = hold.withLock({ $0 }) { await hold() }
            if isAway.withLock({ $0 }) { throw PlacementAuthorityError(.unavailable, "the test is away; wait") }
            return document.withLock { $0 }
        }

        func glance() async -> PlacementDocument? { document.withLock { $0 } }

        func apply(_ new: PlacementDocument) async throws(PlacementAuthorityError) {
            if isAway.withLock({ $0 }) { throw PlacementAuthorityError(.unavailable, "the test is away; wait") }
            let isRivalled = rivals.withLock { count in
                guard count > 0 else { return false }
                count -= 1
                return true
            }
            let refusal: PlacementAuthorityError? = document.withLock { document in
                if isRivalled { document?.epoch += 1 }
                let expected = (document?.epoch ?? 0) + 1
                guard new.epoch == expected else {
                    return PlacementAuthorityError(expected: expected, found: new.epoch)
                }
                document = new
                return nil
            }
            if let refusal { throw refusal }
        }
    }

    let drains = DrainBoard()
    let authority: Authority?
    let api: ControlAPI

    init(
        authority: Authority? = nil,
        status: ClusterStatus = ControlExample.status,
        rows: [ExpertID: Int] = [:],
        trust: WireTrust? = nil,
    ) {
        self.authority = authority
        var settings = ControlSettings(
            moe: Self.moe,
            expertBytes: Dictionary(uniqueKeysWithValues: Self.moe.experts.map { ($0, 10) }),
            authority: authority,
        )
        settings.trust = trust
        api = ControlAPI(
            settings: settings,
            drains: drains,
            status: { status },
            rows: { rows },
        )
    }

    /// One answer over the routes.
    struct Answer {
        var status: Int
        var json: [String: Any]
        var error: [String: Any] { json["error"] as? [String: Any] ?? [:] }
        var code: String { error["code"] as? String ?? "" }
        var message: String { error["message"] as? String ?? "" }
    }

    /// Sends a request through the routes, without a socket.
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        body: String = "",
        headers: HTTPFields = [:],
        access: ControlAccess = ControlAccess(token: nil, host: "127.0.0.1"),
    ) async throws -> Answer {
        let routes = Hummingbird.Router(context: BasicRequestContext.self)
        ControlRoutes(api: api, access: access).add(to: routes)
        let request = Request(
            head: HTTPRequest(
                method: method,
                scheme: "http",
                authority: "localhost",
                path: path,
                headerFields: headers
            ),
            body: RequestBody(buffer: ByteBuffer(string: body)),
        )
        // Of the two kinds the one that any thread may use.
        let channel = NIOAsyncTestingChannel()
        let context = BasicRequestContext(source: .init(channel: channel, logger: Logger(label: "test")))
        var response: Response
        do {
            response = try await routes.buildResponder().respond(to: request, context: context)
        } catch let error as any HTTPResponseError {
            response = try error.response(from: request, context: context)
        }
        _ = try? await channel.finish()
        let collected = Collected()
        try await response.body.write(Writer(collected: collected))
        let object = try? JSONSerialization.jsonObject(with: Data(collected.bytes.withLock { $0 }))
        return Answer(status: Int(response.status.code), json: object as? [String: Any] ?? [:])
    }

    private final class Collected: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    private struct Writer: ResponseBodyWriter {
        let collected: Collected

        mutating func write(_ buffer: ByteBuffer) async throws {
            collected.bytes.withLock { $0 += Array(buffer.readableBytesView) }
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
