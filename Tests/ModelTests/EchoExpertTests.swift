internal import Kernels
internal import Model
internal import Shared
internal import Testing

@Suite("Experts that echo")
struct EchoExpertTests {
    @Test("An echo gives the bits of its rows back, has the hash it was given, and takes no memory")
    func echo() throws {
        let (expert, other) = (ExpertID(layer: 0, slot: .routed(0)), ExpertID(layer: 0, slot: .meta))
        let hash = try #require(WeightsHash(bytes: Array(repeating: 7, count: 32)))
        let bank = ExpertBank(echoing: [expert: hash])
        let pool = ThreadPool(threads: 1)
        let numbers: [Float] = [1, -0.0, .infinity, 2.5, 3, 4]
        let rows = Tensor(TensorShape(2, 3), numbers)
        let output = bank.compute(expert, rows: rows, on: pool)?.array
        #expect(output?.map(\.bitPattern) == numbers.map(\.bitPattern))
        let none = bank.compute(other, rows: rows, on: pool)?.array
        #expect(none == nil)
        try bank.prove(on: pool)
        #expect(bank.experts == [expert])
        #expect(bank.hash(of: expert) == hash)
        #expect(bank.byteCount == 0)
    }
}
