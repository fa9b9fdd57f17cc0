import Router
import Testing

@Suite("Scheduler")
struct SchedulerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var running: [Scheduler.Running] = []
        var waiting: [Scheduler.Waiting] = []
        /// What is computed, as `id:rows` in order.
        var work: [String]
        var admitted: [UInt64] = []
        var testDescription: String { name }
    }

    /// 3 sequences, 10 rows a step, 100 cache positions.
    static let scheduler = {
        var limits = Scheduler.Limits()
        limits.runningSequences = 3
        limits.rowsPerStep = 10
        limits.cachePositions = 100
        return Scheduler(limits: limits)
    }()

    static func generates(_ id: UInt64, capacity: Int = 20) -> Scheduler.Running {
        .init(id: id, promptLeft: 0, capacity: capacity)
    }

    static func reads(_ id: UInt64, left: Int, capacity: Int = 20) -> Scheduler.Running {
        .init(id: id, promptLeft: left, capacity: capacity)
    }

    static func waits(_ id: UInt64, prompt: Int, capacity: Int = 20) -> Scheduler.Waiting {
        .init(id: id, promptLength: prompt, capacity: capacity)
    }

    static let cases = [
        Case(name: "nothing to do", work: []),
        Case(
            name: "those that generate get one row each",
            running: [generates(1), generates(2)],
            work: ["1:1", "2:1"],
        ),
        Case(
            name: "a prompt never holds up those that generate, wherever it stands",
            running: [reads(1, left: 50), generates(2), generates(3)],
            work: ["2:1", "3:1", "1:8"],
        ),
        Case(
            name: "prompts that are partly read share what is left, the oldest first",
            running: [reads(1, left: 7), reads(2, left: 7), generates(3)],
            work: ["3:1", "1:7", "2:2"],
        ),
        Case(
            name: "a prompt of exactly a step's rows leaves none for the next",
            running: [reads(1, left: 10), reads(2, left: 1)],
            work: ["1:10"],
        ),
        Case(
            name: "the queue is admitted in its order, the last with a part of its prompt",
            waiting: [waits(1, prompt: 4), waits(2, prompt: 4), waits(3, prompt: 4)],
            work: ["1:4", "2:4", "3:2"],
            admitted: [1, 2, 3],
        ),
        Case(
            name: "running sequences come before the queue",
            running: [reads(1, left: 6)],
            waiting: [waits(2, prompt: 9)],
            work: ["1:6", "2:4"],
            admitted: [2],
        ),
        Case(
            name: "nobody is admitted without a row for it",
            running: [reads(1, left: 30)],
            waiting: [waits(2, prompt: 1)],
            work: ["1:10"],
        ),
        Case(
            name: "no more run than may",
            running: [generates(1), generates(2)],
            waiting: [waits(3, prompt: 1), waits(4, prompt: 1)],
            work: ["1:1", "2:1", "3:1"],
            admitted: [3],
        ),
        Case(
            name: "a full house admits nobody",
            running: [generates(1), generates(2), generates(3)],
            waiting: [waits(4, prompt: 1)],
            work: ["1:1", "2:1", "3:1"],
        ),
        Case(
            name: "caches fill the budget to the last position",
            running: [generates(1, capacity: 60)],
            waiting: [waits(2, prompt: 1, capacity: 40), waits(3, prompt: 1, capacity: 1)],
            work: ["1:1", "2:1"],
            admitted: [2],
        ),
        Case(
            name: "one that does not fit waits, and nobody overtakes it",
            running: [generates(1, capacity: 60)],
            waiting: [waits(2, prompt: 1, capacity: 41), waits(3, prompt: 1, capacity: 1)],
            work: ["1:1"],
        ),
    ]

    @Test("A step is planned by the rules", arguments: cases)
    func plan(item: Case) {
        let batch = Self.scheduler.schedule(running: item.running, waiting: item.waiting)
        #expect(batch.work.map { "\($0.id):\($0.rows)" } == item.work)
        #expect(batch.admitted == item.admitted)
    }

    @Test("A long prompt is read in parts, and every row of it once")
    func chunks() {
        var left = 33
        var parts: [Int] = []
        while left > 0, parts.count < 100 {
            let batch = Self.scheduler.schedule(
                running: [Self.reads(1, left: left, capacity: 40), Self.generates(2)],
                waiting: [],
            )
            let rows = batch.work.reduce(0) { $1.id == 1 ? $0 + $1.rows : $0 }
            #expect(batch.work.contains { $0.id == 2 && $0.rows == 1 })
            parts.append(rows)
            left -= rows
        }
        #expect(parts == [9, 9, 9, 6])
    }
}
