import Kernels
import Testing

@Suite struct HeapMemoryTests {
    @Test("Every tensor begins on a line of the cache, whatever its size, and keeps its numbers to itself")
    func lines() {
        let counts = [0, 1, 3, 15, 16, 17, 255, 1000, 4097, 1 << 18]
        for count in counts {
            var first = Tensor(zeros: TensorShape(count))
            let second = Tensor(TensorShape(count), [Float](repeating: 2, count: count))
            let (address, areZeros) = Self.look(&first)
            #expect(address.isMultiple(of: 64), "\(count)")
            #expect(areZeros, "\(count)")
            let areTwos = second.array.allSatisfy { $0 == 2 }
            #expect(areTwos, "\(count)")
        }
    }

    /// Where a tensor lies, and whether it holds zeros; ones afterwards.
    private static func look(_ tensor: inout Tensor) -> (address: UInt, areZeros: Bool) {
        let areZeros = tensor.array.allSatisfy { $0 == 0 }
        var span = tensor.mutableSpan
        for index in 0..<span.count { span[index] = 1 }
        let address = unsafe span.withUnsafeMutableBufferPointer { UInt(bitPattern: $0.baseAddress) }
        return (address, areZeros)
    }
}
