internal import Foundation

/// A thread of our own for work that must not run on the cooperative pool: matrix products, and waiting on sockets.
package enum ComputeThread {
    /// Runs `body` on a new thread and returns when it has ended.
    package static func run(named name: String, _ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                body()
                continuation.resume()
            }
            thread.name = name
            thread.stackSize = 16 << 20
            thread.start()
        }
    }
}

extension ComputeThread {
    /// Runs `body` on a new thread and returns what it made.
    package static func value<Value: Sendable>(
        named name: String,
        _ body: @escaping @Sendable () throws -> Value,
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result { try body() }) }
            thread.name = name
            thread.stackSize = 16 << 20
            thread.start()
        }
    }
}
