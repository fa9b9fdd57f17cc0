internal import Kernels
package import Model
internal import ServiceLifecycle
package import Shared
internal import Synchronization

/// Reads experts from a checkpoint, one after another on a thread of its own, and proves each before it is handed over.
package final class ExpertLoader: ExpertLoading, Service, Sendable {
    private let weights: ModelWeights
    private let promised: [ExpertID: UInt32]
    private let orders: AsyncStream<ExpertID>
    private let order: AsyncStream<ExpertID>.Continuation
    private let finished = Mutex<[LoadedExpert]>([])
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)

    /// Prepares to read from an opened checkpoint; `promised` has the canary's checksums that its manifest names.
    package init(weights: ModelWeights, promised: [ExpertID: UInt32] = [:]) {
        self.weights = weights
        self.promised = promised
        (orders, order) = AsyncStream.makeStream()
    }

    /// Says who is to be woken when something is ready.
    package func onFinish(_ wake: @escaping @Sendable () -> Void) { self.wake.withLock { $0 = wake } }

    /// See `ExpertLoading`.
    package func byteCount(of expert: ExpertID) -> Int? { weights.estimatedByteCount(of: expert) }

    /// See `ExpertLoading`.
    package func load(_ expert: ExpertID) { order.yield(expert) }

    /// See `ExpertLoading`.
    package func takeFinished() -> [LoadedExpert] {
        finished.withLock { finished in
            defer { finished = [] }
            return finished
        }
    }

    /// Reads what is ordered until the graceful shutdown.
    package func run() async throws {
        for await expert in orders.cancelOnGracefulShutdown() {
            let loaded = try await ComputeThread.value(named: "expert-loader") { [weights, promised] in
                Self.read(expert, weights, promised)
            }
            finished.withLock { $0.append(loaded) }
            wake.withLock { $0 }?()
        }
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
