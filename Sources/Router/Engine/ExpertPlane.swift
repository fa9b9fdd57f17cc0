internal import Kernels
package import Model
package import Transport

/// What the compute loop needs of the experts beside running them: to wait while links are served.
///
/// All of it is called on the compute thread, except the waker.
package protocol ExpertPlane: ExpertExecutor {
    /// Ends a wait from any thread.
    var waker: Waker { get }
    /// Serves the links for at most `timeout`, returning early when woken; zero does what is due and returns.
    func serveLinks(for timeout: Duration)
}

/// The plane of a process that holds all experts itself.
package final class LocalExpertPlane: ExpertPlane {
    private let executor: LocalExpertExecutor
    /// Ends a wait from any thread.
    package let waker: Waker

    /// Wraps the executor.
    package init(executor: LocalExpertExecutor) throws(TransportError) {
        self.executor = executor
        do {
            waker = try Waker()
        } catch {
            throw TransportError(.system, "\(error)")
        }
    }

    /// Runs the rows here.
    package func execute(_ call: borrowing ExpertCall) -> ExpertOutputs { executor.execute(call) }

    /// Waits; there are no links.
    package func serveLinks(for timeout: Duration) { waker.wait(for: timeout) }
}
