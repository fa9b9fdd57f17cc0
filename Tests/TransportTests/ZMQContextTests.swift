internal import Foundation
internal import Kernels
internal import Testing
internal import Transport

@Suite("ZeroMQ's I/O threads")
struct ZMQContextTests {
    /// The scheduling policies of this process's I/O threads: field 41 of `stat`, proc(5).
    private static func policies() throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").compactMap { task in
            // A thread may end meanwhile.
            guard let stat = try? String(contentsOfFile: "/proc/self/task/\(task)/stat", encoding: .utf8),
                stat.contains("(ZMQbg/IO/"), let end = stat.lastIndex(of: ")")
            else { return nil }
            return Int(stat[end...].split(separator: " ")[39])
        }
    }

    @Test("they are as urgent as the context says, and who made it is not")
    func urgency() throws {
        let possible = ThreadUrgency.raise()
        possible.lower()
        let context = try ZMQContext()
        #expect(context.urgency == possible)
        let policies = try Self.policies()
        #expect(!policies.isEmpty)
        let roundRobin = 2
        #expect(policies.allSatisfy { ($0 == roundRobin) == (context.urgency == .realTime) })
        #expect(ThreadUrgency.current == .usual)
    }
}
