internal import Kernels
package import Model
internal import ServiceLifecycle
package import Shared
internal import Synchronization

/// Reads experts from a checkpoint, one after another on a thread of its own, and proves each before it is handed over.
package final class ExpertLoader: ExpertLoading, Service, Sendable {
    private struct State {
        var orders: [ExpertID] = []
        /// The one that is being read.
        var current: ExpertID?
        var finished: [LoadedExpert] = []
    }

    private let weights: ModelWeights
    private let promised: [ExpertID: UInt32]
    /// Something is ordered; how much does not matter.
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let state = Mutex(State())
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)

    /// Prepares to read from an opened checkpoint; `promised` has the canary's checksums that its manifest names.
    package init(weights: ModelWeights, promised: [ExpertID: UInt32] = [:]) {
        self.weights = weights
        self.promised = promised
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Says who is to be woken when something is ready.
    package func onFinish(_ wake: @escaping @Sendable () -> Void) { self.wake.withLock { $0 = wake } }

    /// See `ExpertLoading`.
    package func byteCount(of expert: ExpertID) -> Int? { weights.estimatedByteCount(of: expert) }

    /// See `ExpertLoading`.
    package func load(_ expert: ExpertID) {
        state.withLock { state in
            // Dropped and named again meanwhile: what is read serves the new order too.
            guard state.current != expert, !state.orders.contains(expert),
                !state.finished.contains(where: { $0.expert == expert })
            else { return }
            state.orders.append(expert)
        }
        signal.yield()
    }

    /// See `ExpertLoading`.
    package func keepOrders(of experts: Set<ExpertID>) {
        state.withLock { $0.orders.removeAll { !experts.contains($0) } }
    }

    /// See `ExpertLoading`.
    package func takeFinished() -> [LoadedExpert] {
        state.withLock { state in
            defer { state.finished = [] }
            return state.finished
        }
    }

    /// Reads what is ordered until the graceful shutdown.
    package func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            guard let expert = next() else { continue }
            let loaded = try await ComputeThread.value(named: "expert-loader") { [weights, promised] in
                Self.read(expert, weights, promised)
            }
            state.withLock { state in
                state.current = nil
                state.finished.append(loaded)
            }
            wake.withLock { $0 }?()
        }
    }

    /// The next order, which is no order any more then; where others wait, another round follows.
    private func next() -> ExpertID? {
        let (expert, hasMore) = state.withLock { state in
            state.current = state.orders.isEmpty ? nil : state.orders.removeFirst()
            return (state.current, !state.orders.isEmpty)
        }
        if hasMore { signal.yield() }
        return expert
    }

    private static func read(
        _ expert: ExpertID,
        _ weights: ModelWeights,
        _ promised: [ExpertID: UInt32],
    ) -> LoadedExpert {
        do {
            let bank = try ExpertBank(loading: [expert], from: weights)
            let checksums = try bank.prove(on: ThreadPool(threads: 1), promised: promised)
            return LoadedExpert(expert: expert, outcome: .loaded(bank, checksum: checksums[expert]))
        } catch {
            return LoadedExpert(expert: expert, outcome: .failed("it could not be loaded: \(error)"))
        }
    }
}
