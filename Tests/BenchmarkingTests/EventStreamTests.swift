import Benchmarking
import Testing

@Suite("Server-sent events")
struct EventStreamTests {
    static func events(_ pieces: [String], limit: Int = 1 << 20) throws -> [String] {
        var parser = EventStreamParser(limit: limit)
        return try pieces.flatMap { try parser.take($0.utf8) }.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("Events end at an empty line, whatever ends the lines")
    func lineEnds() throws {
        for end in ["\n", "\r\n", "\r"] {
            #expect(
                try Self.events(["data: {\"a\":1}\(end)\(end)data: [DONE]\(end)\(end)"]) == ["{\"a\":1}", "[DONE]"]
            )
        }
    }

    @Test("It does not matter where the network cuts")
    func cuts() throws {
        let text = "data: one\r\n\r\ndata: é two\r\n\r\n"
        let whole = try Self.events([text])
        #expect(whole == ["one", "é two"])
        for place in 0...text.utf8.count {
            var parser = EventStreamParser()
            let bytes = Array(text.utf8)
            let events = try parser.take(bytes[..<place]) + parser.take(bytes[place...])
            #expect(events.map { String(decoding: $0, as: UTF8.self) } == whole, "cut at \(place)")
        }
    }

    @Test("Comments and other fields are passed over; lines of one event are joined; one space belongs to the field")
    func fields() throws {
        #expect(
            try Self.events([": ping\n\n", "event: x\nid: 1\ndata: a\ndata:b\ndata:  c\n\n", "retry: 3\n\n"]) == [
                "a\nb\n c"
            ]
        )
        #expect(try Self.events(["data\n\n"]) == [""])
        #expect(try Self.events(["database: no\n\n"]) == [])
    }

    @Test("An event that never ended is no event")
    func unfinished() throws {
        #expect(try Self.events(["data: a\n"]) == [])
    }

    @Test("An event over the limit is refused, in one line or in many")
    func tooLarge() {
        #expect(throws: EventStreamParser.TooLarge.self) { try Self.events(["data: 0123456789"], limit: 12) }
        #expect(throws: EventStreamParser.TooLarge.self) {
            try Self.events(Array(repeating: "data: 0123\n", count: 5), limit: 20)
        }
    }
}
