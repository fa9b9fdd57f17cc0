/// The experts' outputs, unweighted, for the groups and rows of a dispatch in its order; they stand in the tensor frame.
package struct ResultMessage: Hashable, Sendable {
    /// The rows by expert, with the weights that were used, in the order of the tensor frame.
    package var groups: [RowGroup]
    /// Elements in a row, 1 to `WireLimits.hiddenSize`.
    package var hiddenSize: Int
    /// The element type of the tensor frame.
    package var dtype: WireDType
    /// Time that the rows waited at the node, in microseconds.
    package var queueMicroseconds: UInt64
    /// Time of the computation, in microseconds.
    package var computeMicroseconds: UInt64
    /// The node's placement.
    package var placementEpoch: UInt64

    /// Makes a result.
    package init(
        groups: [RowGroup],
        hiddenSize: Int,
        dtype: WireDType = .float32,
        queueMicroseconds: UInt64,
        computeMicroseconds: UInt64,
        placementEpoch: UInt64,
    ) {
        self.groups = groups
        self.hiddenSize = hiddenSize
        self.dtype = dtype
        self.queueMicroseconds = queueMicroseconds
        self.computeMicroseconds = computeMicroseconds
        self.placementEpoch = placementEpoch
    }

    /// The bytes that the tensor frame must have; throws `tensorSize` where that number does not exist.
    package func tensorByteCount() throws(WireError) -> Int {
        try RowGroup.byteCount(of: groups, hiddenSize: hiddenSize, dtype: dtype, in: "result")
    }

    /// Throws `tensorSize` unless the tensor frame has exactly the bytes of all rows.
    package func validate(tensorBytes: Int) throws(WireError) {
        try RowGroup.check(
            tensorBytes: tensorBytes,
            against: groups,
            hiddenSize: hiddenSize,
            dtype: dtype,
            in: "result",
        )
    }
}

extension ResultMessage {
    func validate() throws(WireError) {
        try RowGroup.check(groups, in: "result")
        try RowGroup.check(hiddenSize: hiddenSize, of: "result")
    }
}
