internal import Kernels

/// One pre-norm transformer block of the vision tower, full attention, quick_gelu.
final class VisionLayer: Sendable {
    private let norm1: LayerNorm
    private let query: TowerLinear
    private let key: TowerLinear
    private let value: TowerLinear
    private let output: TowerLinear
    private let norm2: LayerNorm
    private let expand: TowerLinear
    private let contract: TowerLinear
    let headCount: Int

    init(
        norm1: consuming LayerNorm,
        query: TowerLinear,
        key: TowerLinear,
        value: TowerLinear,
        output: TowerLinear,
        norm2: consuming LayerNorm,
        expand: TowerLinear,
        contract: TowerLinear,
        headCount: Int,
    ) {
        self.norm1 = norm1
        self.query = query
        self.key = key
        self.value = value
        self.output = output
        self.norm2 = norm2
        self.expand = expand
        self.contract = contract
        self.headCount = headCount
    }

    /// Advances `(positions, width)` by this block, in place; `blocks` are scratch that has room for the positions.
    func apply(to hidden: inout Tensor, blocks: [AttentionBlock], on pool: ThreadPool) {
        let normed = norm1(hidden, on: pool)
        let queries = query(normed, on: pool)
        let keys = key(normed, on: pool)
        let values = value(normed, on: pool)
        var attended = Tensor(uninitialized: hidden.shape)
        AttentionKernel.store(keys: keys, values: values, rows: 0..<hidden.rows, into: blocks, at: 0, on: pool)
        AttentionKernel.attend(
            queries: queries,
            over: blocks,
            segment: .init(firstRow: 0, rowCount: hidden.rows, firstVisible: hidden.rows, visibleStep: 0),
            headCount: headCount,
            keyValueHeadCount: headCount,
            scale: 1 / Float(hidden.columns / headCount).squareRoot(),
            into: &attended,
            on: pool,
        )
        hidden.add(output(attended, on: pool))

        var middle = expand(norm2(hidden, on: pool), on: pool)
        Activation.quickGELU(&middle, on: pool)
        hidden.add(contract(middle, on: pool))
    }
}
