internal import Benchmarking
internal import LocalCluster

/// How many requests of a benchmark can be under way: what was asked for, held to what this process has room for.
struct BenchPlan: Sendable {
    /// Requests that can be under way at once, whatever is asked for.
    static let mostAtOnce = 4096
    /// Bytes that bodies under way may take.
    private static let mostBodyBytes = 1 << 30

    /// Requests at once.
    let atOnce: Int

    /// Throws when a closed loop cannot have its concurrency.
    ///
    /// An open loop is held to what there is room for; requests that have to wait for that are late, which its report
    /// says.
    init(concurrency: Int?, requests: Int, bodyBytes: Int) throws {
        let wanted = min(concurrency ?? Self.mostAtOnce, requests)
        let byMemory = Self.mostBodyBytes / max(1, bodyBytes)
        let byFiles = OpenFileLimit.raise(to: wanted + OpenFileLimit.own) - OpenFileLimit.own
        atOnce = max(1, min(wanted, byMemory, byFiles))
        guard concurrency == nil || atOnce == wanted else {
            throw AskError(
                byFiles < wanted
                    ? "Expected open files for \(wanted) connections, \(byFiles) are allowed; raise `ulimit -n`."
                    : "Expected room for \(wanted) bodies of \(bodyBytes) bytes, \(byMemory) fit; give smaller images."
            )
        }
    }
}
