internal import Benchmarking
internal import Foundation

extension MachineDescription {
    /// The machine that this process runs on.
    static var current: MachineDescription {
        MachineDescription(
            cpuinfo: (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? "",
            cores: ProcessInfo.processInfo.activeProcessorCount,
        )
    }
}
