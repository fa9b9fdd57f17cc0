/// Splits work on rows over a pool: a few rows a task, so that waking a thread pays.
enum RowTasks {
    static func run(_ rows: Int, rowsPerTask: Int = 16, on pool: ThreadPool, _ body: (Int) -> Void) {
        pool.run((rows + rowsPerTask - 1) / rowsPerTask) { task in
            for row in task * rowsPerTask..<min(rows, (task + 1) * rowsPerTask) { body(row) }
        }
    }

    static func job(_ rows: Int, rowsPerTask: Int = 16, _ body: @escaping (Int) -> Void) -> PoolJob {
        PoolJob((rows + rowsPerTask - 1) / rowsPerTask) { task in
            for row in task * rowsPerTask..<min(rows, (task + 1) * rowsPerTask) { body(row) }
        }
    }
}
