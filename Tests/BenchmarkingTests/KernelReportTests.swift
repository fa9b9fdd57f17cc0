import Benchmarking
import Shared
import Testing

@Suite("Report of kernels")
struct KernelReportTests {
    /// Peaks of 100 and 50 Gop/s, reads of 20 GB/s, and a layer of 2 Gop and 4 GB in a quarter of a second.
    static var report: KernelReport {
        var report = KernelReport(
            command: "medmoe bench kernels",
            machine: MachineDescription(cpuinfo: "model name : CPU", cores: 2),
            threads: 2,
            instructions: "avx512Dot",
            read: ReadFigure(oneThread: 10e9, allThreads: 20e9)
        )
        report.peaks = [
            PeakFigure(dtype: "f32", instructions: "avx512Dot", oneThread: 50e9, allThreads: 100e9),
            PeakFigure(dtype: "f32", instructions: "avx2", oneThread: 25e9, allThreads: 50e9),
        ]
        report.work = [
            layer("f32", "avx512Dot", rows: 1, bytes: 4e9), layer("f32", "avx2", rows: 1, bytes: 4e9),
            layer("int8", "avx512Dot", rows: 512, bytes: nil),
            WorkFigure(
                kind: .attention("decode"),
                dtype: "f32",
                instructions: "avx512Dot",
                seconds: 0.5,
                operations: 10e9,
                bytes: 5e9
            ),
        ]
        report.rows = [RowFigure(name: "silu", secondsPerElement: 0.25e-9)]
        return report
    }

    static func layer(_ dtype: String, _ instructions: String, rows: Int, bytes: Double?) -> WorkFigure {
        WorkFigure(
            kind: .linear(inputs: 2048, outputs: 5632, rows: rows),
            dtype: dtype,
            instructions: instructions,
            seconds: 0.25,
            operations: 2e9,
            bytes: bytes
        )
    }

    @Test("Shares are of the peak of the same dtype and instructions, and of all threads")
    func shares() {
        let report = Self.report
        #expect(report.peakShare(report.work[0]) == 0.08)
        #expect(report.peakShare(report.work[1]) == 0.16)
        #expect(report.peakShare(report.work[2]) == nil)
        #expect(report.bandwidthShare(report.work[0]) == 0.8)
        #expect(report.bandwidthShare(report.work[2]) == nil)
    }

    @Test("Thresholds know the figures of the best instruction set by name")
    func names() {
        let shares = Self.report.shares
        #expect(
            shares.map(\.name) == [
                "linear.f32.2048x5632.rows_1.peak_share", "linear.f32.2048x5632.rows_1.bandwidth_share",
                "linear.int8.2048x5632.rows_512.peak_share", "linear.int8.2048x5632.rows_512.tile_peak_share",
                "attention.decode.peak_share", "attention.decode.bandwidth_share",
            ]
        )
        #expect(shares.map(\.value) == [0.08, 0.8, nil, nil, 0.2, 0.5])
    }

    @Test(
        "Products in tiles have a share of their own, and the other has no value there; elsewhere the other way round"
    )
    func tiles() {
        for (set, expected) in [("amx", [nil, 0.25, 0.25]), ("avx512Dot", [0.25, nil, 0.25])] as [(String, [Double?])] {
            var report = KernelReport(
                command: "medmoe bench kernels",
                machine: MachineDescription(cpuinfo: "model name : CPU", cores: 2),
                threads: 2,
                instructions: set,
                read: ReadFigure(oneThread: 10e9, allThreads: 20e9)
            )
            report.peaks = ["f32", "int8"].map {
                PeakFigure(dtype: $0, instructions: set, oneThread: 16e9, allThreads: 32e9)
            }
            report.work = [
                Self.layer("int8", set, rows: 512, bytes: nil), Self.layer("f32", set, rows: 512, bytes: nil),
            ]
            #expect(report.shares.map(\.value) == expected, "\(set)")
            #expect(report.shares.map(\.name)[1].hasSuffix("rows_512.tile_peak_share"))
        }
    }

    @Test("The text has peaks and kernels, and a line where there is nothing to compare with")
    func text() {
        let text = Self.report.text
        #expect(text.contains("f32   avx512Dot     50.0      100.0        Gop/s"))
        #expect(text.contains("read                10.0      20.0         GB/s"))
        #expect(text.contains("linear.f32.2048x5632.rows_1     avx512Dot     250000.0  8.0    8 %   16.0  80 %"))
        #expect(text.contains("linear.int8.2048x5632.rows_512  avx512Dot     250000.0  8.0    -     -     -"))
        #expect(text.contains("silu            0.250"))
        #expect(text.hasSuffix("CPU, 2 cores; \(SoftwareVersion.current)"))
    }

    @Test("The JSON has null where there is nothing to compare with")
    func json() throws {
        guard case .object(let object) = Self.report.json, case .array(let kernels) = object["kernels"],
            case .object(let layer) = kernels[2], case .object(let shares) = object["shares"]
        else {
            Issue.record("members are missing")
            return
        }
        #expect(layer["gop_per_s"] == .number(8))
        #expect(layer["peak_share"] == .null)
        #expect(layer["gb_per_s"] == .null)
        #expect(shares["attention.decode.bandwidth_share"] == .number(0.5))
    }
}
