internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A TCP proxy on the loopback interface between a router and one node, whose conditions can be changed at any time.
///
/// It needs no rights and no kernel module, and touches no other process's network.
package final class ChaosProxy: Sendable {
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private struct State {
        var conditions = ProxyConditions()
        /// Connections of an older number end.
        var generation = 0
        var connections: UInt64 = 0
        var pieces = 0
    }

    /// Where routers connect.
    package let port: Int
    private let target: Int
    private let seed: UInt64
    private let state = Mutex(State())

    /// A proxy from one loopback port to another; it works while `run` does.
    package init(port: Int, target: Int, seed: UInt64) {
        self.port = port
        self.target = target
        self.seed = seed
    }

    /// How the network is.
    package var conditions: ProxyConditions {
        get { state.withLock { $0.conditions } }
        set { state.withLock { $0.conditions = newValue } }
    }

    /// Pieces that were carried, so that a fault that met nobody can be told.
    package var pieces: Int { state.withLock { $0.pieces } }

    /// Breaks all connections; new ones are taken.
    package func reset() { state.withLock { $0.generation += 1 } }

    /// Carries bytes until it is cancelled.
    package func run() async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    group.addTask { await self.carry(connection) }
                }
            }
        }
    }

    /// One connection to its end, which is nobody's error: networks do that.
    private func carry(_ connection: Connection) async {
        let (number, generation) = state.withLock { state in
            state.connections += 1
            return (state.connections, state.generation)
        }
        try? await connection.executeThenClose { fromRouter, toRouter in
            let upstream = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: "127.0.0.1", port: target) { channel in
                    channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
                }
            try await upstream.executeThenClose { fromNode, toNode in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try? await self.pump(fromRouter, toNode, .toNode, seed: self.seed &+ number &* 2)
                    }
                    group.addTask {
                        try? await self.pump(fromNode, toRouter, .toRouter, seed: self.seed &+ number &* 2 &+ 1)
                    }
                    group.addTask { await self.waitForReset(after: generation) }
                    // Whichever way ends first ends the connection.
                    await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    private func pump(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ direction: ProxyDirection,
        seed: UInt64,
    ) async throws {
        let (pieces, line) = AsyncStream<DelayLine.Piece>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { line.finish() }
                var delays = DelayLine(seed: seed, now: .now)
                for try await bytes in inbound {
                    for piece in delays.take(bytes, self.note(), now: .now) { line.yield(piece) }
                }
            }
            group.addTask {
                for await piece in pieces {
                    if piece.due > .now { try await Task.sleep(until: piece.due, clock: .continuous) }
                    while self.conditions.cuts(direction) { try await Task.sleep(for: .milliseconds(5)) }
                    guard let bytes = piece.bytes else { throw ConnectionReset() }
                    try await outbound.write(bytes)
                }
            }
            // The first error ends both, as `waitForAll` would not.
            for try await _ in group {}
        }
    }

    private struct ConnectionReset: Error {}

    private func note() -> ProxyConditions {
        state.withLock { state in
            state.pieces += 1
            return state.conditions
        }
    }

    private func waitForReset(after generation: Int) async {
        while !Task.isCancelled, state.withLock({ $0.generation }) == generation {
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}
