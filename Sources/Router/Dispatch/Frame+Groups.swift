internal import Transport

extension Frame {
    /// The rows of some groups out of a frame that holds those of `all`, one group after another.
    ///
    /// The frame itself where that is everything; nil when there is no memory for them.
    func rows(of groups: [DispatchPlan.Group], in all: [DispatchPlan.Group]) -> Frame? {
        if groups == all { return self }
        let rowCount = all.reduce(0) { $0 + $1.inputRows.count }
        guard rowCount > 0 else { return nil }
        let rowBytes = byteCount / rowCount
        var content: [UInt8] = []
        let source = copyBytes()
        var first = 0
        for group in all {
            if groups.contains(where: { $0.expert == group.expert }) {
                content += source[first * rowBytes..<(first + group.inputRows.count) * rowBytes]
            }
            first += group.inputRows.count
        }
        return try? Frame(copying: content)
    }
}
