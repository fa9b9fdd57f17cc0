/// Run these rows through these experts; the rows stand in the tensor frame, group after group.
package struct DispatchMessage: Hashable, Sendable {
    /// The rows by expert, 1 to `WireLimits.groups` groups, in the order of the tensor frame.
    package var groups: [RowGroup]
    /// Elements in a row, 1 to `WireLimits.hiddenSize`.
    package var hiddenSize: Int
    /// The element type of the tensor frame.
    package var dtype: WireDType
    /// What is left of the time budget, in milliseconds; relative, for clocks are not shared.
    ///
    /// At most `WireLimits.deadlineMilliseconds`; 0 means too late already.
    package var deadlineMilliseconds: UInt64
    /// The placement by which the router chose this node.
    package var placementEpoch: UInt64

    /// Makes a dispatch.
    package init(
        groups: [RowGroup],
        hiddenSize: Int,
        dtype: WireDType = .float32,
        deadlineMilliseconds: UInt64,
        placementEpoch: UInt64,
    ) {
        self.groups = groups
        self.hiddenSize = hiddenSize
        self.dtype = dtype
        self.deadlineMilliseconds = deadlineMilliseconds
        self.placementEpoch = placementEpoch
    }

    /// The bytes that the tensor frame must have; throws `tensorSize` where that number does not exist.
    package func tensorByteCount() throws(WireError) -> Int {
        try RowGroup.byteCount(of: groups, hiddenSize: hiddenSize, dtype: dtype, in: "dispatch")
    }

    /// Throws `tensorSize` unless the tensor frame has exactly the bytes of all rows.
    package func validate(tensorBytes: Int) throws(WireError) {
        try RowGroup.check(
            tensorBytes: tensorBytes,
            against: groups,
            hiddenSize: hiddenSize,
            dtype: dtype,
            in: "dispatch",
        )
    }
}

extension DispatchMessage {
    func validate() throws(WireError) {
        try RowGroup.check(groups, in: "dispatch")
        try RowGroup.check(hiddenSize: hiddenSize, of: "dispatch")
        guard deadlineMilliseconds <= WireLimits.deadlineMilliseconds else {
            throw WireError(
                .limitExceeded,
                "dispatch.deadline_ms is \(deadlineMilliseconds); the limit is \(WireLimits.deadlineMilliseconds)",
            )
        }
    }
}
