internal import Foundation
internal import Shared

/// The report for people.
extension KernelReport {
    /// Peaks, then kernels, then what was run where.
    package var text: String {
        [
            TextTable.render(peakRows), TextTable.render(workRows), TextTable.render(rowRows),
            "\(threads) thread\(threads == 1 ? "" : "s"); PEAK and READ are shares of the peaks above\n" + command
                + "\n"
                + "\(machine.text); \(SoftwareVersion.current)",
        ].joined(separator: "\n\n")
    }

    private var peakRows: [[String]] {
        [["PEAK", "INSTRUCTIONS", "1 THREAD", "ALL THREADS", "UNIT"]]
            + peaks.map { [$0.dtype, $0.instructions, Self.giga($0.oneThread), Self.giga($0.allThreads), "Gop/s"] }
            + [["read", "", Self.giga(read.oneThread), Self.giga(read.allThreads), "GB/s"]]
    }

    private var workRows: [[String]] {
        [["KERNEL", "INSTRUCTIONS", "US", "GOP/S", "PEAK", "GB/S", "READ"]]
            + work.map { figure in
                [
                    figure.name, figure.instructions, String(format: "%.1f", figure.seconds * 1e6),
                    Self.giga(figure.operationsPerSecond), Self.percent(peakShare(figure)),
                    figure.bytesPerSecond.map(Self.giga) ?? "-", Self.percent(bandwidthShare(figure)),
                ]
            }
    }

    private var rowRows: [[String]] {
        [["ROWS, 1 THREAD", "NS/ELEMENT"]]
            + rows.map { [$0.name, String(format: "%.3f", $0.secondsPerElement * 1e9)] }
    }

    private static func giga(_ value: Double) -> String { String(format: "%.1f", value / 1e9) }

    private static func percent(_ share: Double?) -> String {
        share.map { String(format: "%.0f %%", $0 * 100) } ?? "-"
    }
}
