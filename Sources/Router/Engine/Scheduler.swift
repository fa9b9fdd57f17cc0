/// Decides which sequences compute in the next step: a pure function of queue lengths, nothing else.
///
/// Running sequences that generate come first, one row each, then prompts that are partly read, then the waiting
/// queue in its order, as long as rows, sequences and cache positions are left. Nobody overtakes in the queue.
package struct Scheduler: Sendable {
    /// What a step and the whole engine may take.
    package struct Limits: Sendable, Equatable {
        /// Sequences that run at once.
        package var runningSequences = 16
        /// Rows of one step.
        package var rowsPerStep = 1024
        /// Positions that all caches together may hold.
        package var cachePositions = 65_536

        /// The defaults.
        package init() {}
    }

    /// A sequence that is already admitted.
    package struct Running: Sendable, Equatable {
        /// The sequence.
        package var id: UInt64
        /// Prompt positions not yet computed; 0 when it generates.
        package var promptLeft: Int
        /// Cache positions that it holds.
        package var capacity: Int
        /// Whether it waits for an expert: it keeps its place and gets no rows.
        package var isParked: Bool

        /// Describes a running sequence.
        package init(id: UInt64, promptLeft: Int, capacity: Int, isParked: Bool = false) {
            self.isParked = isParked
            self.id = id
            self.promptLeft = promptLeft
            self.capacity = capacity
        }
    }

    /// A sequence that waits for admission.
    package struct Waiting: Sendable, Equatable {
        /// The sequence.
        package var id: UInt64
        /// Prompt positions.
        package var promptLength: Int
        /// Cache positions that it will need.
        package var capacity: Int
        /// Whether pictures have to be encoded before its prompt can be read.
        package var hasImages: Bool

        /// Describes a waiting sequence.
        package init(id: UInt64, promptLength: Int, capacity: Int, hasImages: Bool = false) {
            self.id = id
            self.promptLength = promptLength
            self.capacity = capacity
            self.hasImages = hasImages
        }
    }

    /// What the next step computes.
    package struct ScheduledBatch: Sendable, Equatable {
        /// Rows of one sequence in the step.
        package struct Work: Sendable, Equatable {
            /// The sequence.
            package var id: UInt64
            /// Its rows: a part of its prompt, or one.
            package var rows: Int
        }

        /// Sequences to admit from the head of the waiting queue.
        package var admitted: [UInt64] = []
        /// The rows, sequence by sequence.
        package var work: [Work] = []
    }

    /// The limits in force.
    package let limits: Limits

    /// Makes a scheduler.
    package init(limits: Limits) {
        self.limits = limits
    }

    /// Plans the next step.
    package func schedule(running: [Running], waiting: [Waiting]) -> ScheduledBatch {
        var batch = ScheduledBatch()
        var rowsLeft = limits.rowsPerStep
        for sequence in running where sequence.promptLeft == 0 && rowsLeft > 0 && !sequence.isParked {
            batch.work.append(.init(id: sequence.id, rows: 1))
            rowsLeft -= 1
        }
        for sequence in running where sequence.promptLeft > 0 && rowsLeft > 0 && !sequence.isParked {
            let rows = min(sequence.promptLeft, rowsLeft)
            batch.work.append(.init(id: sequence.id, rows: rows))
            rowsLeft -= rows
        }
        var places = limits.runningSequences - running.count
        var positions = limits.cachePositions - running.reduce(0) { $0 + $1.capacity }
        var encodes = false
        for sequence in waiting {
            guard places > 0, rowsLeft > 0, sequence.capacity <= positions else { break }
            // Encoding takes long: one sequence with pictures a step, so that running answers go on in between.
            guard !(sequence.hasImages && encodes) else { break }
            encodes = encodes || sequence.hasImages
            let rows = min(sequence.promptLength, rowsLeft)
            batch.admitted.append(sequence.id)
            batch.work.append(.init(id: sequence.id, rows: rows))
            places -= 1
            positions -= sequence.capacity
            rowsLeft -= rows
        }
        return batch
    }
}
