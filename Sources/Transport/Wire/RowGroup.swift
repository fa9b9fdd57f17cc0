package import Shared

/// Rows of a tensor frame that go to, or come from, one expert.
package struct RowGroup: Hashable, Sendable {
    /// The expert.
    package var expert: ExpertID
    /// How many rows, at least 1.
    package var rows: Int
    /// The weights that the router means, or that the node used; nil where nobody asks.
    package var weightsHash: WeightsHash?

    /// Names the rows of one expert.
    package init(expert: ExpertID, rows: Int, weightsHash: WeightsHash? = nil) {
        self.expert = expert
        self.rows = rows
        self.weightsHash = weightsHash
    }
}

extension RowGroup {
    /// The bytes of a tensor frame of shape (sum of the groups' rows, hiddenSize), every step checked for overflow.
    static func byteCount(
        of groups: [RowGroup],
        hiddenSize: Int,
        dtype: WireDType,
        in body: String,
    ) throws(WireError) -> Int {
        var rows = 0
        var overflow = false
        for group in groups {
            let sum = rows.addingReportingOverflow(group.rows)
            rows = sum.partialValue
            overflow = overflow || sum.overflow || group.rows < 0
        }
        let elements = rows.multipliedReportingOverflow(by: hiddenSize)
        let bytes = elements.partialValue.multipliedReportingOverflow(by: dtype.size)
        guard !overflow, !elements.overflow, !bytes.overflow else {
            throw WireError(.tensorSize, "the rows of a \(body) of row size \(hiddenSize) have more bytes than can be")
        }
        return bytes.partialValue
    }

    /// Throws `tensorSize` unless the tensor frame has exactly the bytes that the groups need.
    static func check(
        tensorBytes: Int,
        against groups: [RowGroup],
        hiddenSize: Int,
        dtype: WireDType,
        in body: String,
    ) throws(WireError) {
        let expected = try byteCount(of: groups, hiddenSize: hiddenSize, dtype: dtype, in: body)
        guard tensorBytes == expected else {
            throw WireError(
                .tensorSize,
                "the tensor frame of a \(body) has \(tensorBytes) bytes; its rows of \(hiddenSize) need \(expected)",
            )
        }
    }

    /// Throws unless there are 1 to `WireLimits.groups` groups, each with rows and a sound expert.
    static func check(_ groups: [RowGroup], in body: String) throws(WireError) {
        guard !groups.isEmpty else {
            throw WireError(.invalidField, "a \(body) has no row groups; it needs at least one")
        }
        guard groups.count <= WireLimits.groups else {
            throw WireError(
                .limitExceeded,
                "a \(body) has \(groups.count) row groups; the limit is \(WireLimits.groups)",
            )
        }
        for group in groups {
            try group.expert.validateForWire()
            guard group.rows > 0 else {
                throw WireError(
                    .invalidField,
                    "a \(body) has \(group.rows) rows for expert \(group.expert); at least 1 is expected",
                )
            }
            guard group.rows <= Int(UInt32.max) else {
                throw WireError(
                    .limitExceeded,
                    "a \(body) has \(group.rows) rows for expert \(group.expert); the limit is \(UInt32.max)",
                )
            }
        }
    }

    /// Throws `limitExceeded` unless the row size is 1 to `WireLimits.hiddenSize`.
    static func check(hiddenSize: Int, of body: String) throws(WireError) {
        guard (1...WireLimits.hiddenSize).contains(hiddenSize) else {
            throw WireError(
                .limitExceeded,
                "\(body).hidden_size is \(hiddenSize); 1 to \(WireLimits.hiddenSize) is expected",
            )
        }
    }
}

extension ExpertID {
    /// Throws `limitExceeded` for a layer or index that the wire does not carry.
    func validateForWire() throws(WireError) {
        let index =
            switch slot {
            case .routed(let index): index
            case .meta: 0
            }
        let range = 0...WireLimits.expertNumber
        guard range.contains(layer), range.contains(index) else {
            throw WireError(
                .limitExceeded,
                "expert \(self) is out of range; layer and index are 0 to \(WireLimits.expertNumber)",
            )
        }
    }
}
