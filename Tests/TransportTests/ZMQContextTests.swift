internal import Foundation
internal import Kernels
internal import Testing
internal import Transport

@Suite("ZeroMQ's I/O threads")
struct ZMQContextTests {
    /// The slices of this process's I/O threads in nanoseconds, as Linux shows them; none where it does not.
    private static func slices() throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").compactMap { task in
            // A thread may end meanwhile.
            guard let text = try? String(contentsOfFile: "/proc/self/task/\(task)/sched", encoding: .utf8),
                text.hasPrefix("ZMQbg/IO/"),
                let line = text.split(separator: "\n").first(where: { $0.hasPrefix("se.slice") })
            else { return nil }
            return line.split(separator: ":").last.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) }
        }
    }

    @Test("they are as urgent as the system lets them be, and who made the context is not")
    func urgency() async throws {
        let possible = ThreadUrgency.raise()
        possible.lower()
        let context = try ZMQContext()
        #expect(context.urgency == possible)
        #expect(ThreadUrgency.current == .usual)
        let shows = (try? String(contentsOfFile: "/proc/self/sched", encoding: .utf8))?.contains("se.slice") ?? false
        guard possible == .brief, shows else { return }
        // A thread has its name only once it runs.
        let deadline = ContinuousClock.now + .seconds(20)
        while try Self.slices().isEmpty, deadline > .now { await Task.yield() }
        let slices = try Self.slices()
        #expect(!slices.isEmpty && slices.allSatisfy { $0 == 100_000 })
        withExtendedLifetime(context) {}
    }
}
