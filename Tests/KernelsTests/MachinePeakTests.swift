import Kernels
import Testing

@Suite("Peaks of the machine")
struct MachinePeakTests {
    @Test("Every instruction set has a peak in float32, and dot products one where there are instructions for them")
    func peaks() throws {
        let pool = ThreadPool(threads: 2)
        for set in InstructionSet.available {
            let rate = try #require(MachinePeak.operationsPerSecond(.f32, instructions: set, on: pool))
            #expect(rate > 1e8 && rate.isFinite, "\(set)")
            for dtype in [ComputeDType.bf16Pairs, .bf16Tiles, .int8] {
                let rate = MachinePeak.operationsPerSecond(dtype, instructions: set, on: pool)
                let sets: Set = dtype == .bf16Tiles ? [InstructionSet.amx] : [.avx512Dot, .amx]
                #expect((rate != nil) == sets.contains(set), "\(dtype) \(set)")
            }
        }
    }

    @Test("Memory is read at some rate")
    func read() {
        let rate = MachinePeak.bytesPerSecond(on: ThreadPool(threads: 2))
        #expect(rate > 1e7 && rate.isFinite)
    }
}
