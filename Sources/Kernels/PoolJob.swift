/// Work that is split into numbered tasks and not begun yet: jobs of several layers can share one run of a pool.
///
/// It may point at tensors; they have to live until it ran.
struct PoolJob {
    let taskCount: Int
    let body: (Int) -> Void

    init(_ taskCount: Int, _ body: @escaping (Int) -> Void) {
        self.taskCount = taskCount
        self.body = body
    }

    static var nothing: PoolJob { PoolJob(0) { _ in } }
}

extension ThreadPool {
    /// Runs the tasks of all jobs and returns when all are done.
    func run(_ jobs: [PoolJob]) {
        if jobs.count == 1 { return run(jobs[0].taskCount, jobs[0].body) }
        var ends: [Int] = []
        ends.reserveCapacity(jobs.count)
        for job in jobs { ends.append((ends.last ?? 0) + job.taskCount) }
        run(ends.last ?? 0) { task in
            var index = 0
            while task >= ends[index] { index += 1 }
            jobs[index].body(task - (index == 0 ? 0 : ends[index - 1]))
        }
    }
}
