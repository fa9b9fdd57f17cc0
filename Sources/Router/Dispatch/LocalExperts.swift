package import Kernels
package import Model

/// Experts that a router computes itself, beside those on nodes.
package struct LocalExperts {
    let experts: ExpertBank
    let pool: ThreadPool

    /// Takes the experts and the threads that compute them.
    package init(experts: ExpertBank, pool: ThreadPool) {
        self.experts = experts
        self.pool = pool
    }
}
