/// Takes server-sent events apart, however the network has cut them: bytes in, the data of whole events out.
///
/// Lines end with LF, CR or both; comments and fields other than `data` are passed over, as the standard says.
package struct EventStreamParser: Sendable {
    /// An event is larger than `limit` bytes; nothing after it is read.
    package struct TooLarge: Error, Equatable {}

    private let limit: Int
    private var line: [UInt8] = []
    private var data: [UInt8]?
    private var lastWasReturn = false

    /// A parser that holds at most about `limit` bytes of an unfinished event.
    package init(limit: Int = 1 << 20) {
        self.limit = limit
    }

    /// The data of the events that these bytes complete, in their order.
    package mutating func take(_ bytes: some Sequence<UInt8>) throws(TooLarge) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            let followsReturn = lastWasReturn
            lastWasReturn = byte == 0x0D
            switch byte {
            case 0x0A where followsReturn: break
            case 0x0A, 0x0D: if let event = endLine() { events.append(event) }
            default:
                guard line.count + (data?.count ?? 0) < limit else { throw TooLarge() }
                line.append(byte)
            }
        }
        return events
    }

    /// Ends a line; an empty one ends the event, whose data it returns.
    private mutating func endLine() -> [UInt8]? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            defer { data = nil }
            return data
        }
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        guard name.elementsEqual("data".utf8) else { return nil }
        var value = line.dropFirst(name.count + 1)
        if value.first == 0x20 { value = value.dropFirst() }
        // More lines of the same event are joined by a line feed.
        if data == nil { data = Array(value) } else { data?.append(0x0A); data?.append(contentsOf: value) }
        return nil
    }
}
