internal import Glibc
internal import Synchronization

/// Memory for packed weights in large pieces, so that the system can back it with huge pages: with small ones a core
/// spends its time on page tables while it reads weights.
@safe
final class WeightMemory {
    /// What a matrix got, alive as long as it holds the memory.
    @safe
    struct Part {
        let start: UnsafeMutableRawPointer
        let owner: WeightMemory
    }

    private static let hugePage = 1 << 21
    private static let ordinarySize = 64 << 20
    private static let current = Mutex<WeightMemory?>(nil)

    private let start: UnsafeMutableRawPointer
    private let mapped: UnsafeMutableRawPointer
    private let mappedCount: Int
    private let count: Int
    private let used = Atomic(0)

    /// Takes `byteCount` bytes at a multiple of 64, zero when they are first read.
    static func take(_ byteCount: Int) -> Part {
        current.withLock { current in
            if let memory = current, let part = memory.part(byteCount) { return part }
            let memory = WeightMemory(max(byteCount, ordinarySize))
            // The rest of the one before stays unused: its pages were never touched.
            if byteCount < ordinarySize { current = memory }
            guard let part = memory.part(byteCount) else { preconditionFailure("a new piece has room") }
            return part
        }
    }

    private init(_ size: Int) {
        count = (size + Self.hugePage - 1) / Self.hugePage * Self.hugePage
        mappedCount = count + Self.hugePage
        let address = unsafe mmap(
            nil,
            mappedCount,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1,
            0
        )
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            preconditionFailure("no memory for \(size) bytes of weights")
        }
        unsafe mapped = address
        let rest = UInt(bitPattern: address) % UInt(Self.hugePage)
        unsafe start = rest == 0 ? address : address + (Self.hugePage - Int(rest))
        // Advice only: without huge pages it is slower, not wrong.
        unsafe madvise(start, count, MADV_HUGEPAGE)
    }

    deinit {
        unsafe munmap(mapped, mappedCount)
    }

    /// Called under the lock.
    private func part(_ byteCount: Int) -> Part? {
        let first = used.load(ordering: .relaxed)
        let size = (byteCount + 63) / 64 * 64
        guard first + size <= count else { return nil }
        used.store(first + size, ordering: .relaxed)
        return unsafe Part(start: start + first, owner: self)
    }
}

/// Parts are given out under a lock, and each belongs to who took it.
extension WeightMemory: @unchecked Sendable {}
