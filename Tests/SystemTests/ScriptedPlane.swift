import Model
import Router
import Shared
import Transport

/// The plane of a cluster in this process, with something to be done before each look at the links.
///
/// What happens to nodes has to happen on the engine's thread, which owns the links.
final class ScriptedPlane: ExpertPlane {
    let cluster: InProcessCluster
    private let script: (InProcessCluster, _ begun: Int, _ served: Int) -> Void
    /// After how many looks at the links nodes have the other weights that a placement names.
    private let otherWeightsAfter: Int?
    private var wereTaken = false
    /// Calls to experts so far.
    private(set) var begun = 0
    private var served = 0

    init(
        _ cluster: InProcessCluster,
        otherWeightsAfter: Int? = nil,
        script: @escaping (InProcessCluster, _ begun: Int, _ served: Int) -> Void,
    ) {
        self.cluster = cluster
        self.otherWeightsAfter = otherWeightsAfter
        self.script = script
    }

    var waker: Waker { cluster.plane.waker }
    var microBatches: Int { cluster.plane.microBatches }
    var awaitsRest: Bool {
        guard let otherWeightsAfter, !wereTaken else { return cluster.plane.awaitsRest }
        return served >= otherWeightsAfter
    }

    func takeWeights() {
        wereTaken = true
        cluster.plane.takeWeights()
    }

    func begin(_ call: borrowing ExpertCall) -> any PendingExperts {
        begun += 1
        script(cluster, begun, served)
        return cluster.plane.begin(call)
    }

    func serveLinks(for timeout: Duration) {
        served += 1
        script(cluster, begun, served)
        cluster.plane.serveLinks(for: .zero)
    }

    func serves(_ expert: ExpertID) -> Bool { cluster.plane.serves(expert) }

    func close() { cluster.plane.close() }
}
