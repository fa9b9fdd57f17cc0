/// How fast the kernels are, and how near to what the machine can do.
package struct KernelReport: Sendable {
    /// The command as it can be typed again.
    package var command: String
    /// Where it ran.
    package var machine: MachineDescription
    /// Compute threads.
    package var threads: Int
    /// The best instruction set of the CPU, the one that thresholds are about.
    package var instructions: String
    /// Peaks of arithmetic.
    package var peaks: [PeakFigure] = []
    /// Reads from memory.
    package var read: ReadFigure
    /// Linear layers and attention.
    package var work: [WorkFigure] = []
    /// Functions of rows.
    package var rows: [RowFigure] = []

    /// A report without figures of kernels yet.
    package init(
        command: String,
        machine: MachineDescription,
        threads: Int,
        instructions: String,
        read: ReadFigure,
    ) {
        self.command = command
        self.machine = machine
        self.threads = threads
        self.instructions = instructions
        self.read = read
    }

    /// The part of the measured peak that some work reached; nil where the CPU has no instruction for its dtype.
    package func peakShare(_ figure: WorkFigure) -> Double? {
        peaks.first { $0.dtype == figure.dtype && $0.instructions == figure.instructions }
            .map { figure.operationsPerSecond / $0.allThreads }
    }

    /// The part of the measured bandwidth that some work reached; nil where bytes were not what took the time.
    package func bandwidthShare(_ figure: WorkFigure) -> Double? {
        figure.bytesPerSecond.map { $0 / read.allThreads }
    }

    /// What thresholds can be about: the shares of the best instruction set, nil where there is nothing to compare with.
    package var shares: [(name: String, value: Double?)] {
        work.filter { $0.instructions == instructions }.flatMap { figure -> [(name: String, value: Double?)] in
            let (share, isTiled) = (peakShare(figure), instructions == "amx" && figure.mayBeTiled)
            // The peak of tiles is so high that caches are what limits them: another figure, with a threshold of its own.
            var shares = [(name: figure.name + ".peak_share", value: isTiled ? nil : share)]
            if figure.mayBeTiled { shares.append((figure.name + ".tile_peak_share", isTiled ? share : nil)) }
            if figure.bytes != nil { shares.append((figure.name + ".bandwidth_share", bandwidthShare(figure))) }
            return shares
        }
    }
}
