import Foundation
import Kernels
import Synchronization
import Testing

@Suite("Urgency of threads")
struct ThreadUrgencyTests {
    private struct Seen: Sendable {
        var got = ThreadUrgency.usual
        var raised = ThreadUrgency.usual
        var child = ThreadUrgency.usual
        var lowered = ThreadUrgency.usual
        var laterChild = ThreadUrgency.usual
    }

    /// Runs work on a thread of its own and waits for it.
    private static func onThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> Value? {
        let value = Mutex<Value?>(nil)
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            value.withLock { $0 = work() }
            done.signal()
        }
        done.wait()
        return value.withLock { $0 }
    }

    @Test("what a thread is raised to, those that it makes meanwhile have too, and nobody later")
    func inheritance() throws {
        let result = Self.onThread {
            var seen = Seen()
            seen.got = ThreadUrgency.raise()
            seen.raised = .current
            seen.child = Self.onThread { .current } ?? .usual
            seen.got.lower()
            seen.lowered = .current
            seen.laterChild = Self.onThread { .current } ?? .brief
            return seen
        }
        let seen = try #require(result)
        #expect(seen.raised == seen.got)
        #expect(seen.child == seen.got)
        #expect(seen.lowered == .usual)
        #expect(seen.laterChild == .usual)
    }
}
