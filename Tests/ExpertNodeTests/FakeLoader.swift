import ExpertNode
import Kernels
import Model
import Shared

/// A loader that reads at once, and hands over what a test lets it.
final class FakeLoader: ExpertLoading {
    /// Experts that were ordered and not handed over.
    private(set) var ordered: [ExpertID] = []
    private var finished: [LoadedExpert] = []
    /// Experts that cannot be read.
    var broken: Set<ExpertID> = []

    func byteCount(of expert: ExpertID) -> Int? {
        (try? Nano.weights.get())?.estimatedByteCount(of: expert)
    }

    func load(_ expert: ExpertID) { ordered.append(expert) }

    func keepOrders(of experts: Set<ExpertID>) { ordered.removeAll { !experts.contains($0) } }

    func takeFinished() -> [LoadedExpert] {
        defer { finished = [] }
        return finished
    }

    /// Ends all orders.
    func finishAll() throws {
        for expert in ordered {
            if broken.contains(expert) {
                finished.append(LoadedExpert(expert: expert, outcome: .failed("it could not be loaded: torn")))
            } else {
                let bank = try ExpertBank(loading: [expert], from: Nano.weights.get())
                let checksum = try bank.prove(on: ThreadPool(threads: 1))[expert]
                finished.append(LoadedExpert(expert: expert, outcome: .loaded(bank, checksum: checksum)))
            }
        }
        ordered = []
    }
}
