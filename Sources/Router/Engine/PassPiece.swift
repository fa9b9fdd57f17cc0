internal import Kernels
internal import Model

/// One micro-batch of a step, and who is in it.
struct PassPiece {
    let pass: ForwardPass
    let observer: PassObserver
    /// Its rows in the step's input.
    let rows: Range<Int>

    /// Takes some rows of some parts, which follow one another in the step's input.
    init(
        _ content: [(part: PassPart, rows: Range<Int>)],
        input: borrowing Tensor,
        deadline: ContinuousClock.Instant,
        expertTimeout: Duration,
        isAbandoned: @escaping () -> Bool,
    ) {
        let first = content.first.map { $0.part.rows.lowerBound + $0.rows.lowerBound } ?? 0
        let count = content.reduce(0) { $0 + $1.rows.count }
        rows = first..<first + count
        var own = Tensor(uninitialized: TensorShape(count, input.columns))
        if count > 0 { own.copyRows(from: input, first: first, count: count, to: 0) }
        var parts: [PassPart] = []
        var row = 0
        for (part, rows) in content {
            parts.append(
                PassPart(
                    sequence: part.sequence,
                    cache: part.cache,
                    rows: row..<row + rows.count,
                    position: part.position + rows.lowerBound,
                )
            )
            row += rows.count
        }
        observer = PassObserver(parts: parts)
        pass = ForwardPass(
            own,
            batch: ForwardBatch(
                runs: parts.map {
                    ForwardBatch.Run(
                        cache: $0.cache,
                        position: $0.position,
                        rowCount: $0.rows.count,
                        bears: $0.sequence.request.onMissing.bears,
                    )
                },
                deadline: deadline,
                expertTimeout: expertTimeout,
                isAbandoned: isAbandoned,
            ),
            observer: observer,
        )
    }

    /// Where a row of the step went.
    static func place(of row: Int, in pieces: [PassPiece]) -> (pass: ForwardPass, row: Int)? {
        pieces.first { $0.rows.contains(row) }.map { ($0.pass, row - $0.rows.lowerBound) }
    }
}
