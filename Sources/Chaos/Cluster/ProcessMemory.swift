internal import Foundation
internal import LocalCluster

/// What processes take of the machine's memory.
enum ProcessMemory {
    /// The resident memory of a process in KiB; nil when it is gone.
    static func resident(_ process: ChildProcess) -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/\(process.processID)/status", encoding: .utf8)
        else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first
            ?? line?.split { !$0.isNumber }.compactMap { Int($0) }.first
    }

    /// The resident memory of processes in KiB once it has been the same for three seconds, or after half a minute.
    static func atRest(_ processes: [ChildProcess]) async throws -> [Int?] {
        let end = ContinuousClock.now + .seconds(30)
        var (last, since) = (processes.map(resident), ContinuousClock.now)
        while since.duration(to: .now) < .seconds(3), ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(200))
            let now = processes.map(resident)
            if now != last { (last, since) = (now, .now) }
        }
        return last
    }

    /// `12.3 MiB`.
    static func words(_ kibibytes: Int) -> String {
        "\((Double(kibibytes) / 102.4).rounded() / 10) MiB"
    }
}
