internal import Kernels
package import Model
package import Shared
package import Transport

/// What the compute loop needs of the experts beside running them: to wait while links are served.
///
/// All of it is called on the compute thread, except the waker.
package protocol ExpertPlane: ExpertExecutor {
    /// Ends a wait from any thread.
    var waker: Waker { get }
    /// Serves the links for at most `timeout`, returning early when woken; zero does what is due and returns.
    func serveLinks(for timeout: Duration)
    /// Whether somebody could be asked for the expert now.
    func serves(_ expert: ExpertID) -> Bool
    /// Whether the placement names other weights than are served, and nodes have them. They are taken when nothing runs,
    /// so that no answer mixes the two: nothing new should begin until then.
    var awaitsRest: Bool { get }
    /// Serves the weights that the placement names; to be called when nothing runs.
    func takeWeights()
    /// How many micro-batches a step is worth cutting into: 1 where nothing is waited for.
    var microBatches: Int { get }
    /// Takes leave of the nodes; nothing is asked afterwards.
    func close()
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
    package func begin(_ call: borrowing ExpertCall) -> any PendingExperts { executor.begin(call) }

    /// Waits; there are no links.
    package func serveLinks(for timeout: Duration) { waker.wait(for: timeout) }

    /// What is not here does not come.
    package func serves(_ expert: ExpertID) -> Bool { executor.holds(expert) }

    /// Never: its experts are those of the checkpoint.
    package var awaitsRest: Bool { false }

    /// There are none.
    package func takeWeights() {}

    /// One: nobody is waited for.
    package var microBatches: Int { 1 }

    /// There is nobody to take leave of.
    package func close() {}
}
