internal import Synchronization

/// Bounds what requests may hold before the engine has them: how many are read and prepared at once, and their bytes.
final class RequestGate: Sendable {
    /// The bounds.
    struct Limits: Sendable {
        /// Requests that are read or prepared at once.
        var requests = 64
        /// Bytes of their bodies together.
        var bytes = 1 << 30
    }

    private struct Load {
        var requests = 0
        var bytes = 0
    }

    private let limits: Limits
    private let load = Mutex(Load())

    init(limits: Limits) {
        self.limits = limits
    }

    /// Runs `body` holding a place for a request of so many bytes; throws `queueFull` at once when there is none.
    func withPlace<Value: Sendable>(bytes: Int, _ body: () async throws -> Value) async throws -> Value {
        let taken = load.withLock { load in
            guard load.requests < limits.requests, load.bytes + bytes <= max(limits.bytes, bytes) else { return false }
            load.requests += 1
            load.bytes += bytes
            return true
        }
        guard taken else {
            throw QueryError(.queueFull, "Too many requests are being read at once; try again later.")
        }
        defer {
            load.withLock { load in
                load.requests -= 1
                load.bytes -= bytes
            }
        }
        return try await body()
    }
}
