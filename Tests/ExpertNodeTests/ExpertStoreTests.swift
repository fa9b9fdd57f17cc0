import ExpertNode
import Model
import Shared
import Testing

@Suite("Experts of a node")
struct ExpertStoreTests {
    static let (first, second, third) = (Nano.experts[0], Nano.experts[1], Nano.experts[2])
    static let now = ContinuousClock.now

    private func store(_ checksums: [ExpertID: UInt32] = [:]) throws -> ExpertStore {
        ExpertStore(bank: try Nano.bank.get(), checksums: checksums, epoch: 3, now: Self.now)
    }

    @Test("Outputs are judged by the checksum of the first ones, and what is no number by nothing else")
    func judges() throws {
        var store = try store([Self.first: 5])
        let later = Self.now + .seconds(1)
        #expect(store.judge(Self.first, .checksum(5), at: later) == nil)
        #expect(store.health[Self.first]?.provedAt == later)
        #expect(store.judge(Self.second, .checksum(9), at: later) == nil)
        #expect(store.judge(Self.second, .checksum(8), at: later) != nil)
        #expect(store.judge(Self.third, .notFinite, at: later)?.contains("not finite") == true)
        #expect(store.ready == [Self.first])
        #expect(store.bank.experts == [Self.first])
        #expect(store.notReady.keys.sorted() == [Self.second, Self.third])
        // It has failed already.
        #expect(store.judge(Self.third, .checksum(1), at: later) == nil)
        #expect(store.ready == [Self.first])
    }

    @Test("Experts are proved in turn, those that failed left out")
    func turns() throws {
        var store = try store()
        #expect([store.nextToProve(), store.nextToProve()] == [Self.first, Self.second])
        store.failed(Self.third, "it is gone")
        #expect([store.nextToProve(), store.nextToProve()] == [Self.first, Self.second])
        store.failed(Self.first, "it is gone")
        store.failed(Self.second, "it is gone")
        #expect(store.nextToProve() == nil)
    }

    @Test("Memory is counted with what is on its way and without what leaves")
    func memory() throws {
        var store = try store()
        let held = try Nano.bank.get().byteCount
        #expect(store.byteCount == held)
        let other = ExpertID(layer: 0, slot: .meta)
        let changes = store.follow(epoch: 4, experts: [Self.first, other], byteCount: { _ in 1000 }, limit: nil)
        #expect(changes == .init(toLoad: [other], refused: [], leaving: [Self.second, Self.third]))
        #expect(store.byteCount == store.bank.byteCount(of: Self.first) + 1000)
        #expect(store.unload { $0 == Self.second } == [Self.third])
        #expect(store.bank.experts == [Self.first, Self.second])
        let limit = store.byteCount
        let more = store.follow(
            epoch: 5,
            experts: [Self.first, other, Self.third],
            byteCount: { _ in 1 },
            limit: limit
        )
        #expect(more.refused == [Self.third])
        #expect(store.notReady[Self.third]?.contains("--memory-mib") == true)
    }
}
