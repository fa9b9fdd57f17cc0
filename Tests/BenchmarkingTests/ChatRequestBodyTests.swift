import Benchmarking
import Shared
import Testing

@Suite("Request bodies")
struct ChatRequestBodyTests {
    static func text(_ body: ChatRequestBody, _ text: String, request: Int = 0) -> String {
        String(decoding: body.bytes(text: text, request: request), as: UTF8.self)
    }

    @Test("A body asks for a greedy stream with usage, of all tokens")
    func plain() {
        let body = ChatRequestBody(model: "m\"1", maximumTokens: 8, dataURLs: [], ignoresEnd: true)
        #expect(
            Self.text(body, "some words")
                == #"{"model":"m\"1","max_tokens":8,"temperature":0,"stream":true,"#
                + #""stream_options":{"include_usage":true},"medmoe":{"ignore_eos":true},"#
                + #""messages":[{"role":"user","content":[{"type":"text","text":"some words"}]}]}"#
        )
    }

    @Test("Without our extension it is a body that any server of this API takes")
    func withoutExtension() throws {
        let body = ChatRequestBody(model: "m", maximumTokens: 8, dataURLs: [], ignoresEnd: false)
        guard case .object(let object) = try JSONParser.parse(body.bytes(text: "a", request: 0)) else {
            Issue.record("not an object")
            return
        }
        #expect(object["medmoe"] == nil)
        #expect(object["stream"] == .bool(true))
    }

    @Test("Pictures take turns, and the largest counts for the size")
    func pictures() {
        let body = ChatRequestBody(
            model: "m",
            maximumTokens: 8,
            dataURLs: ["data:image/png;base64,AA==", "data:image/png;base64,BBBBBBBB"],
            ignoresEnd: true
        )
        for (request, data) in ["AA==", "BBBBBBBB", "AA=="].enumerated() {
            let text = Self.text(body, "words", request: request)
            #expect(
                text.hasSuffix(
                    #""content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,"# + data
                        + #""}},{"type":"text","text":"words"}]}]}"#
                )
            )
            #expect(body.largestSize(textBytes: 5) >= text.utf8.count)
        }
    }
}
