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

    /// `12.3 MiB`.
    static func words(_ kibibytes: Int) -> String {
        "\((Double(kibibytes) / 102.4).rounded() / 10) MiB"
    }
}
