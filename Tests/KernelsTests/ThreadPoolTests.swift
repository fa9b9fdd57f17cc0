import Glibc
import Kernels
import Synchronization
import Testing

@Suite("The thread pool") struct ThreadPoolTests {
    @Test(
        "Every task runs once, in jobs of any size, sleeping or not",
        arguments: [1, 2, 8],
        [Duration.zero, .microseconds(50)]
    )
    func everyTask(threads: Int, spin: Duration) {
        let pool = ThreadPool(threads: threads, spin: spin)
        for job in 0..<3000 {
            let count = job % 37
            let total = Atomic(0)
            let sum = Atomic(0)
            pool.run(count) { index in
                total.wrappingAdd(1, ordering: .relaxed)
                sum.wrappingAdd(index, ordering: .relaxed)
            }
            #expect(total.load(ordering: .relaxed) == count)
            #expect(sum.load(ordering: .relaxed) == count * (count - 1) / 2)
            if job % 100 == 0 { pool.park() }
        }
    }

    @Test("A job is over when its tasks are, and what they wrote can be read")
    func visibility() {
        let pool = ThreadPool(threads: 4)
        for round in 0..<500 {
            var numbers = [Int](repeating: -1, count: 64)
            numbers.withUnsafeMutableBufferPointer { buffer in
                nonisolated(unsafe) let target = buffer
                pool.run(64) { index in target[index] = index * round }
            }
            #expect(numbers == (0..<64).map { $0 * round })
        }
    }

    @Test("Threads stay on the cores they are given")
    func cores() throws {
        let core = try #require(ThreadPool.usableCores.last)
        let pool = ThreadPool(threads: 3, cores: [core])
        #expect(pool.threadCount == 3)
        let caller = pthread_self()
        let strays = Atomic(0)
        let others = Atomic(0)
        let deadline = ContinuousClock.now + .seconds(20)
        while others.load(ordering: .relaxed) < 10, deadline > .now {
            pool.run(60) { _ in
                let end = ContinuousClock.now + .microseconds(50)
                while end > .now {}
                guard pthread_self() != caller else { return }
                others.wrappingAdd(1, ordering: .relaxed)
                if ThreadPool.currentCore != core { strays.wrappingAdd(1, ordering: .relaxed) }
            }
        }
        #expect(strays.load(ordering: .relaxed) == 0)
        #expect(others.load(ordering: .relaxed) > 0, "the pool's own threads took no task")
    }
}
