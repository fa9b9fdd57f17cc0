internal import Shared
internal import Testing
internal import Transport

@Suite("Header codec")
struct WireCodecTests {
    @Test("every body comes back as it went", arguments: Samples.headers)
    func roundTrip(header: WireHeader) throws {
        #expect(try WireHeader.decode(header.encode()) == header)
    }

    @Test("every role, element type and fault code comes back as it went")
    func enumerations() throws {
        for code in FaultCode.allCases {
            let header = WireHeader(
                body: .fault(FaultMessage(code: code, message: "m", retryable: true, placementEpoch: 1))
            )
            #expect(try WireHeader.decode(header.encode()) == header)
        }
        for dtype in WireDType.allCases {
            var dispatch = Samples.dispatch
            dispatch.dtype = dtype
            let header = WireHeader(request: 1, body: .dispatch(dispatch))
            #expect(try WireHeader.decode(header.encode()) == header)
        }
        for role in PeerRole.allCases {
            var hello = Samples.hello
            hello.role = role
            let header = WireHeader(body: .hello(hello))
            #expect(try WireHeader.decode(header.encode()) == header)
        }
    }

    @Test("a hello with 2000 experts and all their hashes fits")
    func largeHello() throws {
        var hello = Samples.hello
        hello.experts = (0..<2000).map { number in
            HostedExpert(
                expert: ExpertID(layer: number / 60, slot: .routed(number % 60)),
                weightsHash: Samples.hashA,
            )
        }
        let header = WireHeader(body: .hello(hello))
        #expect(try WireHeader.decode(header.encode()) == header)
    }

    @Test("the bytes of a dispatch are those of the protocol, written by hand")
    func dispatchBytes() throws {
        let hash = Samples.hashB?.bytes ?? []
        let groups = [
            ProtobufBytes().message(1, ProtobufBytes().number(1, 4).number(3, 2)).number(2, 3).block(3, hash),
            ProtobufBytes().message(1, ProtobufBytes().number(1, 4).number(2, 1)).number(2, 1),
        ]
        let body = ProtobufBytes().message(1, groups[0]).message(1, groups[1])
            .number(2, 8).number(3, 1).number(4, 86_400_000).number(5, 9)
        let expected = ProtobufBytes().number(1, 1).number(2, 1).message(4, body)
        let frame = try WireHeader(request: 1, body: .dispatch(Samples.dispatch)).encode()
        #expect(frame.copyBytes() == expected.bytes)
    }

    @Test("fields of a later minor revision are passed over")
    func unknownFields() throws {
        let later = try Samples.heartbeat.encode().copyBytes() + ProtobufBytes().text(900, "news").number(901, 5).bytes
        #expect(try WireHeader.decode(Frame(copying: later)) == Samples.heartbeat)
    }

    @Test("the text of a fault or goodbye is made fit to travel")
    func clippedText() throws {
        let long = "a\nb\u{7F}" + String(repeating: "ä", count: 300)
        let fault = FaultMessage(code: .internal, message: long, retryable: false, placementEpoch: 0)
        #expect(fault.message == "a b " + String(repeating: "ä", count: 126))
        #expect(GoodbyeMessage(reason: long).reason == fault.message)
        let header = WireHeader(body: .fault(fault))
        #expect(try WireHeader.decode(header.encode()) == header)
    }
}
