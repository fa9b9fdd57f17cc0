internal import Kernels
internal import NIOPosix
internal import ServiceLifecycle

/// Gives memory back when a load has ended, so that a router at rest takes what it holds and not more.
struct HeapKeeper: Service {
    /// Whether queries wait or run.
    let isBusy: @Sendable () -> Bool

    /// Looks once a second until the graceful shutdown.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            var wasBusy = false
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                let isBusy = isBusy()
                // Not under load: the allocator's areas are locked meanwhile.
                if wasBusy, !isBusy { try? await NIOThreadPool.singleton.runIfActive { HeapMemory.giveBack() } }
                wasBusy = isBusy
            }
        }
    }
}
