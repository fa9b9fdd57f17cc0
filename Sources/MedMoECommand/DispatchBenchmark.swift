internal import Benchmarking
internal import CZeroMQProbe
internal import Foundation
internal import Kernels
internal import Model
internal import Router
internal import Shared

/// Round trips of dispatches and of bare frames, in turn.
struct DispatchBenchmark: Sendable {
    let rows: Int
    let hiddenSize: Int
    let rounds: Int
    let count: Int
    let headerBytes: Int

    /// What a round of dispatches may take.
    static let patience: Duration = .seconds(600)

    private static let framesBetweenHeartbeats = 1000

    /// Measures on the calling thread, which has to be the one that made the plane.
    func run(plane: RemoteExpertPlane, probe endpoint: String, progress: (Int) -> Void) throws
        -> [DispatchReport.Round]
    {
        guard let probe = unsafe medmoe_probe_connect(endpoint) else {
            throw AskError("Expected a connection to \(endpoint), the system refused with error \(errno).")
        }
        defer { unsafe medmoe_probe_close(probe) }
        let tensorBytes = rows * hiddenSize * MemoryLayout<Float>.stride
        func bare(_ count: Int) throws -> [Int64] {
            var times = [Int64](repeating: 0, count: count)
            for first in stride(from: 0, to: count, by: Self.framesBetweenHeartbeats) {
                let part = min(Self.framesBetweenHeartbeats, count - first)
                let number = unsafe times.withUnsafeMutableBufferPointer { times -> Int32 in
                    guard let start = times.baseAddress else { return 0 }
                    return unsafe medmoe_probe_run(probe, headerBytes, tensorBytes, part, start + first)
                }
                guard number == 0 else { throw AskError("Expected answers to bare frames, error \(number) came.") }
                // The node must not seem to have gone silent meanwhile.
                plane.serveLinks(for: .zero)
            }
            return times
        }
        // The first ones connect, and touch every page.
        let warmup = max(20, count / 20)
        _ = try bare(warmup)
        _ = try dispatch(warmup, plane)
        return try (0..<rounds).map { round in
            progress(round)
            // Who begins changes, so that a clock that rises or falls in a round favours neither.
            let first = round.isMultiple(of: 2) ? nil : try bare(count)
            let dispatches = try dispatch(count, plane)
            let frames = try first ?? bare(count)
            guard let dispatch = RoundTrips(nanoseconds: dispatches), let bare = RoundTrips(nanoseconds: frames) else {
                throw AskError("Expected at least one round trip, none was measured.")
            }
            return .init(dispatch: dispatch, bare: bare)
        }
    }

    private func dispatch(_ count: Int, _ plane: RemoteExpertPlane) throws -> [Int64] {
        let numbers = (0..<rows * hiddenSize).map { Float($0 % 251) / 251 }
        let call = ExpertCall(
            layer: EchoModel.expert.layer,
            input: Tensor(TensorShape(rows, hiddenSize), numbers),
            routing: RoutingDecision(
                topK: 1,
                experts: Array(repeating: 0, count: rows),
                weights: Array(repeating: 1, count: rows),
            ),
            wantsMeta: false,
            skippedRows: [],
            deadline: .now + Self.patience,
        )
        var times: [Int64] = []
        times.reserveCapacity(count)
        for index in 0..<count {
            let start = ContinuousClock.now
            let outputs = plane.execute(call)
            times.append(start.duration(to: .now).nanoseconds)
            if let failure = outputs.failures.first?.value { throw failure }
            guard index > 0 || outputs.routed.array == numbers else {
                throw AskError("Expected the rows that were sent, others came back.")
            }
        }
        return times
    }
}
