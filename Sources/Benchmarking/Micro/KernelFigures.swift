/// The most that a machine does of one kind of arithmetic with one instruction set, in operations a second.
package struct PeakFigure: Sendable, Equatable {
    /// `f32`, `bf16` (in the machine's own order) or `int8`; with all instruction sets also the order that is not its own.
    package var dtype: String
    /// The instruction set.
    package var instructions: String
    /// Of one thread.
    package var oneThread: Double
    /// Of all threads of the measurement.
    package var allThreads: Double

    /// Notes a peak.
    package init(dtype: String, instructions: String, oneThread: Double, allThreads: Double) {
        self.dtype = dtype
        self.instructions = instructions
        self.oneThread = oneThread
        self.allThreads = allThreads
    }
}

/// Bytes a second read from memory.
package struct ReadFigure: Sendable, Equatable {
    /// Of one thread.
    package var oneThread: Double
    /// Of all threads of the measurement.
    package var allThreads: Double

    /// Notes a bandwidth.
    package init(oneThread: Double, allThreads: Double) {
        self.oneThread = oneThread
        self.allThreads = allThreads
    }
}

/// Work that was timed: how long it took, and what there was to do.
package struct WorkFigure: Sendable, Equatable {
    /// What it was.
    package enum Kind: Sendable, Equatable {
        /// A linear layer of this shape on this many rows.
        case linear(inputs: Int, outputs: Int, rows: Int)
        /// Attention, `prefill` or `decode`.
        case attention(String)
    }

    /// What it was.
    package var kind: Kind
    /// What it computed with.
    package var dtype: String
    /// The instruction set.
    package var instructions: String
    /// Seconds, the median.
    package var seconds: Double
    /// Multiplications and additions.
    package var operations: Double
    /// Bytes of weights, or of keys and values, that had to come from memory; nil where arithmetic is what takes the time.
    package var bytes: Double?

    /// Notes a measurement.
    package init(
        kind: Kind,
        dtype: String,
        instructions: String,
        seconds: Double,
        operations: Double,
        bytes: Double?,
    ) {
        self.kind = kind
        self.dtype = dtype
        self.instructions = instructions
        self.seconds = seconds
        self.operations = operations
        self.bytes = bytes
    }

    /// `linear.bf16.2048x5632.rows_512`, `attention.decode`: what thresholds call it.
    package var name: String {
        switch kind {
        case .linear(let inputs, let outputs, let rows): "linear.\(dtype).\(inputs)x\(outputs).rows_\(rows)"
        case .attention(let name): "attention.\(name)"
        }
    }

    /// Whether it is a product that a CPU with AMX computes in tiles.
    var mayBeTiled: Bool {
        // Fewer rows wait for memory, and go without tiles.
        if case .linear(_, _, let rows) = kind { rows >= 4 && ["bf16", "int8"].contains(dtype) } else { false }
    }

    /// Multiplications and additions a second.
    package var operationsPerSecond: Double { operations / seconds }
    /// Bytes a second.
    package var bytesPerSecond: Double? { bytes.map { $0 / seconds } }
}

/// A function of rows on one thread.
package struct RowFigure: Sendable, Equatable {
    /// `layer_norm`, `silu`.
    package var name: String
    /// Seconds for each number, the median.
    package var secondsPerElement: Double

    /// Notes a measurement.
    package init(name: String, secondsPerElement: Double) {
        self.name = name
        self.secondsPerElement = secondsPerElement
    }
}
