internal import Foundation
internal import Logging
internal import Router
internal import Shared
internal import Synchronization
internal import Transport

/// A router's plane without a router process, for one trace.
enum TracePlane {
    /// Connects to nodes and waits until every expert is served; runs on the thread that will compute.
    static func connect(
        _ endpoints: [String],
        expectation: ModelExpectation,
        wireDType: WireDType,
        patience: Duration,
        local: LocalExperts? = nil,
        spin: Duration? = nil,
    ) throws -> RemoteExpertPlane {
        let latest = LatestStatus()
        var options = ZMQSocketOptions()
        if let spin { options.spin = spin }
        let plane = try RemoteExpertPlane(
            settings: .init(
                router: "trace",
                incarnation: UInt64.random(in: 1 ... .max),
                expectation: expectation,
                wireDType: wireDType,
            ),
            transport: ZMQExpertTransport(context: ZMQContext(), options: options),
            endpoints: endpoints,
            metrics: RouterMetrics(factory: PrometheusRegistry()),
            logger: Logger(label: "medmoe", factory: { _ in SwiftLogNoOpLogHandler() }),
            local: local,
            publish: { latest.set($0) },
        )
        let deadline = ContinuousClock.now + patience
        while !latest.status.isReady {
            let refused = latest.status.nodes.compactMap { $0.state == "refused" ? $0.reason : nil }
            if let reason = refused.first { throw AskError(reason) }
            guard deadline > .now else {
                let missing = latest.status.missing.map(\.description).joined(separator: ", ")
                throw AskError("No node serves expert \(missing) after \(patience).")
            }
            plane.serveLinks(for: .milliseconds(100))
        }
        return plane
    }
}

/// The latest state that a plane published.
private final class LatestStatus: Sendable {
    private let latest = Mutex(ClusterStatus())
    var status: ClusterStatus { latest.withLock { $0 } }
    func set(_ status: ClusterStatus) { latest.withLock { $0 = status } }
}
