internal import Shared
internal import Testing
internal import Transport

/// A header that must be refused, as a value and as bytes.
struct Refusal: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let code: WireError.Code
    let bytes: [UInt8]

    init(_ name: String, _ code: WireError.Code, _ bytes: ProtobufBytes) {
        testDescription = name
        self.code = code
        self.bytes = bytes.bytes
    }
}

private func header(_ field: Int, _ body: ProtobufBytes, request: UInt64 = 1) -> ProtobufBytes {
    ProtobufBytes().number(1, 1).number(2, request).message(field, body)
}

private func key(_ layer: UInt64 = 1, _ index: UInt64 = 0) -> ProtobufBytes {
    ProtobufBytes().number(1, layer).number(3, index)
}

private func group(_ key: ProtobufBytes = key(), rows: UInt64 = 1) -> ProtobufBytes {
    ProtobufBytes().message(1, key).number(2, rows)
}

private func rows(_ group: ProtobufBytes?, hiddenSize: UInt64 = 8, dtype: UInt64 = 1) -> ProtobufBytes {
    var body = ProtobufBytes()
    if let group { body = body.message(1, group) }
    return body.number(2, hiddenSize).number(3, dtype)
}

private func hello(
    sender: String = "n",
    role: UInt64 = 2,
    hiddenSize: UInt64 = 8,
    more: ProtobufBytes = ProtobufBytes(),
) -> ProtobufBytes {
    let body = ProtobufBytes().text(1, sender).number(3, role).number(5, hiddenSize)

    return header(3, body.appending(more))
}

extension ProtobufBytes {
    fileprivate func appending(_ other: ProtobufBytes) -> ProtobufBytes {
        var result = ProtobufBytes()
        result.append(bytes + other.bytes)
        return result
    }
}

@Suite("Header bounds")
struct WireBoundsTests {
    static let refusals: [Refusal] = [
        Refusal("no bytes", .emptyHeader, ProtobufBytes()),
        Refusal("not protobuf", .unreadable, ProtobufBytes().block(0, [255, 255])),
        Refusal("version 0", .unsupportedVersion, ProtobufBytes().number(2, 1).message(9, ProtobufBytes())),
        Refusal(
            "version 2",
            .unsupportedVersion,
            ProtobufBytes().number(1, 2).number(2, 1).message(9, ProtobufBytes()),
        ),
        Refusal("no body", .missingBody, ProtobufBytes().number(1, 1)),
        Refusal("a body of the future", .missingBody, header(11, ProtobufBytes())),
        Refusal(
            "an assigned expert that is out of range",
            .limitExceeded,
            header(10, ProtobufBytes().message(2, key(65_536)))
        ),
        Refusal(
            "an assigned meta expert with an index",
            .invalidField,
            header(10, ProtobufBytes().message(2, ProtobufBytes().number(2, 1).number(3, 1)))
        ),
        Refusal("a sender without name", .invalidField, hello(sender: "")),
        Refusal("a sender with a space", .invalidField, hello(sender: "a b")),
        Refusal("a sender of 257 bytes", .limitExceeded, hello(sender: String(repeating: "a", count: 257))),
        Refusal("an unknown role", .invalidField, hello(role: 3)),
        Refusal("no role", .invalidField, hello(role: 0)),
        Refusal("a hello without hidden size", .limitExceeded, hello(hiddenSize: 0)),
        Refusal("a hidden size of 65537", .limitExceeded, hello(hiddenSize: 65_537)),
        Refusal(
            "a model hash of 31 bytes",
            .invalidField,
            hello(more: .init().block(4, .init(repeating: 1, count: 31)))
        ),
        Refusal(
            "a model hash of 33 bytes",
            .invalidField,
            hello(more: .init().block(4, .init(repeating: 1, count: 33)))
        ),
        Refusal(
            "numerics of 257 bytes",
            .limitExceeded,
            hello(more: .init().block(8, .init(repeating: 65, count: 257)))
        ),
        Refusal("numerics with a line feed", .invalidField, hello(more: .init().text(8, "a\nb"))),
        Refusal("numerics that are not UTF-8", .invalidField, hello(more: .init().block(8, [0xC3, 0x28]))),
        Refusal(
            "software of 257 bytes",
            .limitExceeded,
            hello(more: .init().block(9, .init(repeating: 65, count: 257)))
        ),
        Refusal("a hosted expert without key", .invalidField, hello(more: .init().message(7, .init()))),
        Refusal(
            "a hosted expert of layer 65536",
            .limitExceeded,
            hello(more: .init().message(7, .init().message(1, key(65_536)))),
        ),
        Refusal(
            "a weights hash of 1 byte",
            .invalidField,
            hello(more: .init().message(7, .init().message(1, key()).block(2, [1]))),
        ),
        Refusal(
            "65537 experts",
            .limitExceeded,
            hello(more: (0...65_536).reduce(into: ProtobufBytes()) { bytes, _ in bytes.append([0x3A, 0]) }),
        ),
        Refusal("a dispatch with request 0", .invalidField, header(4, rows(group()), request: 0)),
        Refusal("a dispatch without groups", .invalidField, header(4, rows(nil))),
        Refusal("a dispatch with 0 rows", .invalidField, header(4, rows(group(rows: 0)))),
        Refusal("a dispatch without key", .invalidField, header(4, rows(ProtobufBytes().number(2, 1)))),
        Refusal("a dispatch with index 65536", .limitExceeded, header(4, rows(group(key(0, 65_536))))),
        Refusal("a meta expert with an index", .invalidField, header(4, rows(group(key(0, 1).number(2, 1))))),
        Refusal("a dispatch with hidden size 0", .limitExceeded, header(4, rows(group(), hiddenSize: 0))),
        Refusal("a dispatch with hidden size 65537", .limitExceeded, header(4, rows(group(), hiddenSize: 65_537))),
        Refusal("a dispatch without element type", .invalidField, header(4, rows(group(), dtype: 0))),
        Refusal("a dispatch of unknown element type", .unknownElementType, header(4, rows(group(), dtype: 4))),
        Refusal("a deadline of more than a day", .limitExceeded, header(4, rows(group()).number(4, 86_400_001))),
        Refusal(
            "4097 groups",
            .limitExceeded,
            header(4, (0...4096).reduce(rows(nil)) { bytes, _ in bytes.message(1, group()) }),
        ),
        Refusal("a result with request 0", .invalidField, header(5, rows(group()), request: 0)),
        Refusal("a result without groups", .invalidField, header(5, rows(nil))),
        Refusal("a result of unknown element type", .unknownElementType, header(5, rows(group(), dtype: 9))),
        Refusal("a fault without code", .invalidField, header(6, ProtobufBytes().text(2, "m"))),
        Refusal("a fault of unknown code", .invalidField, header(6, ProtobufBytes().number(1, 9))),
        Refusal(
            "a fault message of 257 bytes",
            .limitExceeded,
            header(6, ProtobufBytes().number(1, 1).text(2, String(repeating: "m", count: 257))),
        ),
        Refusal(
            "a fault message with an escape",
            .invalidField,
            header(6, ProtobufBytes().number(1, 1).text(2, "\u{1B}[2J")),
        ),
        Refusal(
            "a fault about layer 65536",
            .limitExceeded,
            header(6, ProtobufBytes().number(1, 1).message(3, key(65_536))),
        ),
        Refusal(
            "a goodbye of 257 bytes",
            .limitExceeded,
            header(8, ProtobufBytes().text(1, String(repeating: "m", count: 257))),
        ),
        Refusal("a cancel of request 0", .invalidField, header(9, ProtobufBytes(), request: 0)),
        Refusal(
            "a header of more than 1 MiB",
            .headerTooLarge,
            header(9, ProtobufBytes()).block(900, .init(repeating: 0, count: 1 << 20)),
        ),
    ]

    @Test("is refused with its own error", arguments: refusals)
    func refused(refusal: Refusal) throws {
        let frame = try Frame(copying: refusal.bytes)
        let error = #expect(throws: WireError.self) { try WireHeader.decode(frame) }
        #expect(error?.code == refusal.code, "\(String(describing: error))")
    }

    @Test("what is just inside the bounds is taken")
    func taken() throws {
        let inside = [
            hello(sender: String(repeating: "a", count: 128), hiddenSize: 65_536),
            hello(hiddenSize: 1, more: .init().block(8, .init(repeating: 65, count: 256))),
            header(4, rows(group(key(65_535, 65_535), rows: UInt64(UInt32.max))).number(4, 86_400_000)),
            header(4, (1...4096).reduce(rows(nil)) { bytes, _ in bytes.message(1, group()) }),
        ]
        for bytes in inside { _ = try WireHeader.decode(Frame(copying: bytes.bytes)) }
    }

    @Test("what would be refused is not sent either")
    func encodeChecks() throws {
        var hello = Samples.hello
        hello.sender = "a b"
        var dispatch = Samples.dispatch
        dispatch.groups[0].rows = -1
        var wide = Samples.dispatch
        wide.hiddenSize = 65_537
        var negative = Samples.result
        negative.groups[0].expert.layer = -1
        var many = Samples.hello
        many.experts = Array(repeating: Samples.hello.experts[1], count: 65_536)
        let cases: [(WireBody, WireError.Code)] = [
            (.hello(hello), .invalidField), (.dispatch(dispatch), .invalidField), (.dispatch(wide), .limitExceeded),
            (.result(negative), .limitExceeded), (.hello(many), .headerTooLarge),
            (.heartbeat(HeartbeatMessage(incarnation: 0, progress: 0, queuedRows: -1)), .limitExceeded),
        ]
        for (body, code) in cases {
            let error = #expect(throws: WireError.self) { try WireHeader(request: 1, body: body).encode() }
            #expect(error?.code == code)
        }
    }

    @Test("the tensor must have exactly the bytes of its rows", arguments: [0, 1, 127, 129, 256])
    func tensorSize(bytes: Int) throws {
        // 4 rows of 8 elements of 4 bytes.
        try Samples.dispatch.validate(tensorBytes: 128)
        try Samples.result.validate(tensorBytes: 64)
        let error = #expect(throws: WireError.self) { try Samples.dispatch.validate(tensorBytes: bytes) }
        #expect(error?.code == .tensorSize)
        #expect(throws: WireError.self) { try Samples.result.validate(tensorBytes: bytes) }
    }

    @Test("the tensor's bytes go by the element type", arguments: WireDType.allCases)
    func elementSize(dtype: WireDType) throws {
        var (dispatch, result) = (Samples.dispatch, Samples.result)
        (dispatch.dtype, result.dtype) = (dtype, dtype)
        let bytes = dtype == .float32 ? 128 : 64
        #expect(try dispatch.tensorByteCount() == bytes)
        #expect(try result.tensorByteCount() == bytes)
        try dispatch.validate(tensorBytes: bytes)
        for wrong in [bytes - 1, bytes + 1, 192 - bytes] {
            let error = #expect(throws: WireError.self) { try dispatch.validate(tensorBytes: wrong) }
            #expect(error?.code == .tensorSize)
        }
    }

    @Test("an error names the request of a message whose body is not understood")
    func requestOfError() throws {
        let unknown = try Frame(copying: header(4, rows(group(), dtype: 4), request: 77).bytes)
        let error = #expect(throws: WireError.self) { try WireHeader.decode(unknown) }
        #expect(error?.request == 77)
        let unreadable = try Frame(copying: ProtobufBytes().block(0, [255, 255]).bytes)
        let other = #expect(throws: WireError.self) { try WireHeader.decode(unreadable) }
        #expect(other?.request == 0)
    }

    @Test("rows whose bytes cannot be counted are refused, not wrapped around")
    func tensorOverflow() {
        var dispatch = Samples.dispatch
        dispatch.groups = Array(repeating: RowGroup(expert: dispatch.groups[0].expert, rows: .max), count: 2)
        #expect(throws: WireError.self) { try dispatch.validate(tensorBytes: 128) }
        dispatch.groups = [RowGroup(expert: dispatch.groups[0].expert, rows: Int.max / 8 + 1)]
        #expect(throws: WireError.self) { try dispatch.validate(tensorBytes: 0) }
        // 2^59 rows of 8 elements of 4 bytes are 2^64 bytes, which would wrap to 0.
        dispatch.groups = [RowGroup(expert: dispatch.groups[0].expert, rows: 1 << 59)]
        #expect(throws: WireError.self) { try dispatch.validate(tensorBytes: 0) }
        dispatch.groups = [
            RowGroup(expert: dispatch.groups[0].expert, rows: 5), RowGroup(expert: dispatch.groups[0].expert, rows: -1),
        ]
        #expect(throws: WireError.self) { try dispatch.validate(tensorBytes: 128) }
    }
}
