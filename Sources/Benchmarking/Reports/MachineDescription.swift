/// The machine that a figure was measured on.
package struct MachineDescription: Sendable, Equatable {
    /// The model of its processor.
    package let processor: String
    /// Logical cores that this process may use.
    package let cores: Int

    /// Describes a machine by the text of its `/proc/cpuinfo`; a text that names no model gives `unknown`.
    package init(cpuinfo: String, cores: Int) {
        let line = cpuinfo.split(separator: "\n").first { $0.hasPrefix("model name") }
        let words = line?.split(separator: ":", maxSplits: 1).dropFirst().first?.split(separator: " ") ?? []
        processor = words.isEmpty ? "unknown" : words.joined(separator: " ")
        self.cores = cores
    }

    /// `AMD EPYC 7B13, 2 cores`.
    package var text: String { "\(processor), \(cores) core" + (cores == 1 ? "" : "s") }
}
