internal import Foundation
internal import ServiceLifecycle

/// Ends when standard input closes: how a child process notices that its parent is gone, even without a word.
package struct StandardInputWatch: Service {
    /// Makes a watch.
    package init() {}

    /// Returns at the end of standard input, or when the group shuts down.
    package func run() async throws {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        // The thread may stay in its read until the process ends; nothing waits for it.
        let thread = Thread {
            while let data = try? FileHandle.standardInput.read(upToCount: 4096), !data.isEmpty {}
            continuation.finish()
        }
        thread.name = "stdin-watch"
        thread.start()
        for await _ in stream.cancelOnGracefulShutdown() {}
    }
}
