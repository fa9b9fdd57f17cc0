import ExpertNode
import Foundation
import Kernels
import Model
import Shared
import TestKit
import Transport

/// A clock turned by hand.
final class ManualClock {
    private(set) var now = ContinuousClock.now
    func advance(_ duration: Duration) { now += duration }
}

/// The experts 0.1, 0.2 and 2.1 of the model that every clone has, loaded once.
enum Nano {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "models/medmoe-nano").path

    static let experts = [(0, 1), (0, 2), (2, 1)].map { ExpertID(layer: $0, slot: .routed($1)) }
    static let weights = Result { try ModelWeights(folder: folder) }
    static let bank = Result { try ExpertBank(loading: experts, from: weights.get()) }
    /// The same, computing with brain floats.
    static let brainWeights = Result { try ModelWeights(folder: folder, dtype: .bf16) }
    static let brainBank = Result { try ExpertBank(loading: experts, from: brainWeights.get()) }
}

/// Rows on their way to a node, and what makes a dispatch of them.
enum Rows {
    /// Rows that are different for each seed, between -1 and 1.
    static func make(_ count: Int, columns: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return generator.floats(count * columns)
    }

    static func frame(_ values: [Float]) throws -> Frame {
        let frame = try Frame(byteCount: values.count * 4)
        frame.withMutableFloats { floats in for index in values.indices { floats[index] = values[index] } }
        frame.seal()
        return frame
    }

    /// Rows rounded to an element type of the wire.
    static func frame(_ values: [Float], _ dtype: WireDType) throws -> Frame {
        let frame = try Frame(copying: dtype.kind.narrow(values.span))
        frame.seal()
        return frame
    }

    static func dispatch(
        _ groups: [(ExpertID, rows: Int)],
        hiddenSize: Int,
        milliseconds: UInt64 = 1000,
    ) -> DispatchMessage {
        DispatchMessage(
            groups: groups.map { RowGroup(expert: $0.0, rows: $0.rows) },
            hiddenSize: hiddenSize,
            deadlineMilliseconds: milliseconds,
            placementEpoch: 1,
        )
    }
}

/// A node core with a hand-turned clock.
final class NanoNode {
    static let (alice, bob) = (PeerID(bytes: [1]), PeerID(bytes: [2]))

    let clock = ManualClock()
    let registry = PrometheusRegistry()
    let core: ExpertNodeCore
    let hiddenSize: Int

    init(
        queueBytes: Int = 1 << 20,
        dtype: ComputeDType = .f32,
        experts: ExpertBank? = nil,
        checksums: [ExpertID: UInt32] = [:],
        loader: (any ExpertLoading)? = nil,
        memoryBytes: Int? = nil,
    ) throws {
        let weights = try (dtype == .bf16 ? Nano.brainWeights : Nano.weights).get()
        hiddenSize = weights.configuration.hiddenSize
        let clock = clock
        var settings = ExpertNodeCore.Settings(
            node: NodeID("nano"),
            incarnation: 42,
            modelHash: weights.layoutHash,
            hiddenSize: weights.configuration.hiddenSize,
            numerics: weights.dtype.numerics,
            placementEpoch: 6,
            queueBytes: queueBytes,
            maximumMessageBytes: 1 << 22,
        )
        settings.memoryBytes = memoryBytes
        core = ExpertNodeCore(
            settings: settings,
            experts: try experts ?? (dtype == .bf16 ? Nano.brainBank : Nano.bank).get(),
            checksums: checksums,
            loader: loader,
            pool: ThreadPool(threads: 1),
            metrics: NodeMetrics(factory: registry),
            now: { clock.now },
        )
    }

    func send(_ body: WireBody, request: UInt64 = 0, frame: Frame? = nil, from peer: PeerID = alice) {
        core.receive(.message(peer, WireHeader(request: request, body: body), frame))
    }

    /// Lets a router say hello.
    func greet(from peer: PeerID = alice, incarnation: UInt64 = 1) {
        let hello = HelloMessage(
            sender: "router",
            incarnation: incarnation,
            role: .router,
            modelHash: nil,
            hiddenSize: hiddenSize,
            placementEpoch: 1,
            numerics: "any",
            software: "any/1",
            maximumMessageBytes: 1,
        )
        send(.hello(hello), from: peer)
    }

    /// Sends rows of a seed to experts.
    func ask(
        _ groups: [(ExpertID, rows: Int)],
        request: UInt64,
        seed: UInt64,
        milliseconds: UInt64 = 1000,
        from peer: PeerID = alice,
        dtype: WireDType = .float32,
    ) throws {
        let values = Rows.make(groups.reduce(0) { $0 + $1.rows }, columns: hiddenSize, seed: seed)
        var message = Rows.dispatch(groups, hiddenSize: hiddenSize, milliseconds: milliseconds)
        message.dtype = dtype
        send(.dispatch(message), request: request, frame: try Rows.frame(values, dtype), from: peer)
    }

    /// Steps until nothing waits; at most a hundred times.
    func finish() -> [OutboundReply] {
        var replies = core.step()
        for _ in 0..<100 where core.hasWork { replies += core.step() }
        return replies
    }

    func heartbeat() throws -> HeartbeatMessage {
        send(.heartbeat(HeartbeatMessage(incarnation: 1, progress: 0, queuedRows: 0)))
        // The node computes a batch at each step; the heartbeat was taken before that.
        for reply in core.step() { if case .heartbeat(let heartbeat) = reply.header.body { return heartbeat } }
        throw NoReply()
    }

    struct NoReply: Error {}
}

extension OutboundReply {
    /// The fault that it is.
    var fault: FaultMessage? {
        guard case .fault(let fault) = header.body else { return nil }
        return fault
    }

    /// The result that it is.
    var result: ResultMessage? {
        guard case .result(let result) = header.body else { return nil }
        return result
    }

    /// The hello that it is.
    var hello: HelloMessage? {
        guard case .hello(let hello) = header.body else { return nil }
        return hello
    }

    /// The bits of its rows.
    var bits: [UInt32] {
        guard let tensor else { return [] }
        return (0..<tensor.floats.count).map { tensor.floats[$0].bitPattern }
    }
}
