import Kernels
import TestKit
import Testing

@Suite struct WeightKindTests {
    @Test("Every number of sixteen bits survives widening and narrowing", arguments: [WeightKind.f16, .bf16])
    func roundTrip(kind: WeightKind) {
        let all = (0...UInt16.max).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        var wide = [Float](repeating: 0, count: 65_536)
        var span = wide.mutableSpan
        kind.widen(all.span.bytes, into: &span)
        let back = kind.narrow(wide.span)
        for bits in 0...Int(UInt16.max) where !wide[bits].isNaN {
            let same = back[2 * bits] == all[2 * bits] && back[2 * bits + 1] == all[2 * bits + 1]
            #expect(same, "pattern \(bits)")
        }
        #expect(wide.count(where: \.isNaN) > 100)
    }

    #if arch(x86_64) || arch(arm64)
        @Test("Narrowing to halves rounds as the language does")
        func halves() {
            var random = SeededGenerator(seed: 3)
            var numbers = (0..<100_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
                .filter { !$0.isNaN }
            // Ties, the borders to subnormal numbers, to zero and to infinity.
            numbers += [
                65_519.99, 65_520, -65_520, 0x1p-14, 0x1.ffcp-15, 0x1p-24, 0x1p-25, 0x1.8p-25, 2049, 2051, -0.0,
            ]
            let bytes = WeightKind.f16.narrow(numbers.span)
            for (index, number) in numbers.enumerated() {
                let ours = UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8
                let same = ours == Float16(number).bitPattern
                #expect(same, "\(number)")
            }
        }
    #endif

    @Test("Rows are gathered and scattered as any kind of number", arguments: WeightKind.allCases)
    func rows(kind: WeightKind) {
        let source = Tensor(TensorShape(3, 2), [1, 2, 3, 4, 5, 6])
        var bytes = [UInt8](repeating: 0, count: 6 * kind.byteCount)
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        let fits = source.gather([2, 0], as: kind, into: &raw, at: 2)
        #expect(fits)
        var target = Tensor(zeros: TensorShape(3, 2))
        target.scatter([1, 2], as: kind, from: bytes.span.bytes, at: 2)
        #expect(target.array == [0, 0, 5, 6, 1, 2])
    }

    @Test("A finite number that becomes infinite as a half is told", arguments: [Float(65_520), -65_520, 1e30])
    func overflow(number: Float) {
        var bytes = [UInt8](repeating: 0, count: 40 * 2)
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        for (value, expected) in [(number, false), (65_519, true), (.infinity, true), (-.infinity, true), (.nan, true)]
        {
            var values = [Float](repeating: 1, count: 40)
            values[37] = value
            let row = Tensor(TensorShape(1, 40), values)
            let fits = row.gather([0], as: .f16, into: &raw)
            #expect(fits == expected, "\(value)")
            let brains = row.gather([0], as: .bf16, into: &raw)
            #expect(brains)
        }
    }

    @Test("Narrowing to brain floats rounds to nearest, ties to even")
    func brain() {
        let cases: [(Float, UInt16)] = [
            (Float(bitPattern: 0x3F80_8000), 0x3F80), (Float(bitPattern: 0x3F81_8000), 0x3F82),
            (Float(bitPattern: 0x3F80_8001), 0x3F81), (-0.0, 0x8000), (.infinity, 0x7F80),
            (.greatestFiniteMagnitude, 0x7F80),
        ]
        for (number, expected) in cases {
            let bytes = WeightKind.bf16.narrow([number].span)
            #expect(UInt16(bytes[0]) | UInt16(bytes[1]) << 8 == expected, "\(number)")
        }
        let nan = WeightKind.bf16.narrow([Float(bitPattern: 0x7F80_0001)].span)
        #expect(nan[1] & 0x7F == 0x7F && nan[0] & 0x7F != 0)
    }
}
