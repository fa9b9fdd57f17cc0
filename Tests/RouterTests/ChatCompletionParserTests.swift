import Model
import Router
import Testing

@Suite("Chat completion parser")
struct ChatCompletionParserTests {
    /// A sound body with more fields, each starting with a comma.
    static func body(_ more: String = "") -> String {
        #"{"model":"nano","messages":[{"role":"user","content":"Why?"}]"# + more + "}"
    }

    static func message(_ message: String) -> String { #"{"model":"nano","messages":["# + message + "]}" }

    static func parts(_ parts: String, role: String = "user") -> String {
        message(#"{"role":"\#(role)","content":[\#(parts)]}"#)
    }

    static func image(_ url: String) -> String { parts(#"{"type":"image_url","image_url":{"url":"\#(url)"}}"#) }

    static func parse(_ text: String) throws(QueryError) -> QueryRequest {
        try ChatCompletionParser.parse(Array(text.utf8))
    }

    @Test("A body of two fields is a question with the defaults")
    func defaults() throws {
        let request = try Self.parse(Self.body())
        #expect(request.model == "nano")
        #expect(request.messages.map(\.role) == [.user])
        #expect(request.sampling.temperature == 0)
        #expect(request.sampling.topP == 1)
        #expect(request.maximumTokens == nil)
        #expect(request.stop.isEmpty)
        #expect(!request.stream)
        #expect(!request.streamUsage)
        #expect(request.provenance == nil)
        #expect(request.deadline == nil)
        let seeds = try (0..<4).map { _ in try Self.parse(Self.body()).sampling.seed }
        #expect(Set(seeds).count == 4, "without a seed each question gets its own")
    }

    struct Accepted: Sendable, CustomTestStringConvertible {
        var more: String
        var holds: @Sendable (QueryRequest) -> Bool
        var testDescription: String { more }
    }

    static let accepted = [
        Accepted(more: #","temperature":0.5"#, holds: { $0.sampling.temperature == 0.5 }),
        Accepted(more: #","temperature":2"#, holds: { $0.sampling.temperature == 2 }),
        Accepted(more: #","temperature":null"#, holds: { $0.sampling.temperature == 0 }),
        Accepted(more: #","top_p":0.25"#, holds: { $0.sampling.topP == 0.25 }),
        Accepted(more: #","top_p":1"#, holds: { $0.sampling.topP == 1 }),
        Accepted(more: #","seed":7"#, holds: { $0.sampling.seed == 7 }),
        Accepted(more: #","seed":-1"#, holds: { $0.sampling.seed == .max }),
        Accepted(more: #","max_tokens":5"#, holds: { $0.maximumTokens == 5 }),
        Accepted(more: #","max_tokens":5.0"#, holds: { $0.maximumTokens == 5 }),
        Accepted(more: #","max_completion_tokens":6"#, holds: { $0.maximumTokens == 6 }),
        Accepted(more: #","max_tokens":6,"max_completion_tokens":6"#, holds: { $0.maximumTokens == 6 }),
        Accepted(more: #","max_tokens":null,"max_completion_tokens":6"#, holds: { $0.maximumTokens == 6 }),
        Accepted(more: #","stop":"END""#, holds: { $0.stop == ["END"] }),
        Accepted(more: #","stop":[]"#, holds: { $0.stop == [] }),
        Accepted(more: #","stop":["a","b","c","d"]"#, holds: { $0.stop == ["a", "b", "c", "d"] }),
        Accepted(more: #","stop":null"#, holds: { $0.stop == [] }),
        Accepted(more: #","stream":true"#, holds: { $0.stream && !$0.streamUsage }),
        Accepted(more: #","stream":false"#, holds: { !$0.stream }),
        Accepted(more: #","stream":true,"stream_options":{"include_usage":true}"#, holds: { $0.streamUsage }),
        Accepted(
            more: #","stream":true,"stream_options":{"include_usage":false,"include_obfuscation":false}"#,
            holds: { $0.stream && !$0.streamUsage }
        ),
        Accepted(more: #","stream_options":null"#, holds: { !$0.stream }),
        Accepted(more: #","medmoe":{}"#, holds: { $0.provenance == nil }),
        Accepted(more: #","medmoe":{"provenance":"summary"}"#, holds: { $0.provenance == .summary }),
        Accepted(more: #","medmoe":{"deadline_ms":1500}"#, holds: { $0.deadline == .milliseconds(1500) }),
        Accepted(more: #","medmoe":{"on_missing_expert":"refuse"}"#, holds: { $0.onMissing == .refuse }),
        Accepted(more: #","medmoe":{"on_missing_expert":"wait"}"#, holds: { $0.onMissing == .wait }),
        Accepted(more: #","medmoe":{"on_missing_expert":"meta_only"}"#, holds: { $0.onMissing == .metaOnly }),
        Accepted(more: #","medmoe":{}"#, holds: { $0.imageAspect == nil && $0.choices.isEmpty }),
        Accepted(more: #","medmoe":{"image_aspect":"pad"}"#, holds: { $0.imageAspect == .pad }),
        Accepted(more: #","medmoe":{"image_aspect":"crop"}"#, holds: { $0.imageAspect == .crop }),
        Accepted(more: #","medmoe":{"choices":["a","b c"]}"#, holds: { $0.choices == ["a", "b c"] }),
        Accepted(more: #","temperature":0,"medmoe":{"choices":["a"]}"#, holds: { $0.choices == ["a"] }),
    ]

    @Test("Fields that are understood are read", arguments: accepted)
    func reads(item: Accepted) throws {
        let request = try Self.parse(Self.body(item.more))
        #expect(item.holds(request))
    }

    @Test(
        "Fields that ask for nothing are accepted",
        arguments: [
            #""user":"u""#, #""metadata":{"a":"b"}"#, #""store":true"#, #""safety_identifier":"s""#,
            #""prompt_cache_key":"k""#, #""n":1"#, #""logprobs":false"#, #""top_logprobs":0"#,
            #""frequency_penalty":0"#, #""frequency_penalty":0.0"#, #""presence_penalty":0"#, #""logit_bias":{}"#,
            #""response_format":{"type":"text"}"#, #""tools":[]"#, #""tool_choice":"none""#, #""tool_choice":"auto""#,
            #""parallel_tool_calls":true"#, #""parallel_tool_calls":false"#, #""service_tier":"auto""#,
            #""service_tier":"default""#, #""modalities":["text"]"#, #""n":null"#, #""tools":null"#,
            #""never_heard_of":null"#,
        ]
    )
    func neutral(field: String) throws {
        let request = try Self.parse(Self.body("," + field))
        #expect(request.model == "nano")
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var body: String
        var parameter: String?
        /// What the sentence has to say.
        var says: String
        var testDescription: String { "\(parameter ?? "body") in \(body.prefix(120))" }

        init(_ more: String, _ parameter: String, _ says: String) {
            body = ChatCompletionParserTests.body("," + more)
            self.parameter = parameter
            self.says = says
        }

        init(body: String, _ parameter: String?, _ says: String) {
            self.body = body
            self.parameter = parameter
            self.says = says
        }
    }

    static let refused: [Refused] = [
        Refused(body: "", nil, "has to be a JSON object; at byte"),
        Refused(body: "{", nil, "has to be a JSON object; at byte"),
        Refused(body: "[]", nil, "has to be an object; a list came"),
        Refused(body: "null", nil, "has to be an object; null came"),
        Refused(body: "7", nil, "has to be an object; the number 7 came"),
        Refused(body: #""text""#, nil, "has to be an object; a string came"),
        Refused(body: "{}", "messages", "is missing"),
        Refused(body: #"{"messages":null,"model":"nano"}"#, "messages", "is missing"),
        Refused(body: #"{"messages":"Why?","model":"nano"}"#, "messages", "has to be an array; a string came"),
        Refused(body: #"{"messages":[],"model":"nano"}"#, "messages", "at least one message"),
        Refused(body: #"{"messages":[{"role":"user","content":"Why?"}]}"#, "model", "is missing"),
        Refused(body: #"{"messages":[{"role":"user","content":"Why?"}],"model":7}"#, "model", "has to be a string"),
        Refused(#""temperature":-0.1"#, "temperature", "between 0.0 and 2.0"),
        Refused(#""temperature":2.1"#, "temperature", "between 0.0 and 2.0"),
        Refused(#""temperature":"hot""#, "temperature", "has to be a number; a string came"),
        Refused(#""temperature":true"#, "temperature", "has to be a number; true came"),
        Refused(#""top_p":0"#, "top_p", "greater than 0"),
        Refused(#""top_p":1e-60"#, "top_p", "greater than 0"),
        Refused(#""top_p":1.1"#, "top_p", "between 0.0 and 1.0"),
        Refused(#""seed":1.5"#, "seed", "has to be a whole number"),
        Refused(#""seed":1e30"#, "seed", "has to be a whole number"),
        Refused(#""seed":"7""#, "seed", "has to be a whole number; a string came"),
        Refused(#""max_tokens":0"#, "max_tokens", "between 1 and 1000000"),
        Refused(#""max_tokens":-3"#, "max_tokens", "between 1 and 1000000"),
        Refused(#""max_tokens":1000001"#, "max_tokens", "between 1 and 1000000"),
        Refused(#""max_completion_tokens":0.5"#, "max_completion_tokens", "has to be a whole number"),
        Refused(#""max_tokens":5,"max_completion_tokens":6"#, "max_tokens", "differ"),
        Refused(#""stop":["a","b","c","d","e"]"#, "stop", "at most 4 strings"),
        Refused(#""stop":[7]"#, "stop", "at most 1024 bytes; the number 7 came"),
        Refused(#""stop":7"#, "stop", "has to be"),
        Refused(#""stop":[""# + String(repeating: "x", count: 1025) + #""]"#, "stop", "at most 1024 bytes"),
        Refused(#""stop":""# + String(repeating: "x", count: 1025) + #"""#, "stop", "at most 1024 bytes"),
        Refused(#""stream":"yes""#, "stream", "has to be a boolean; a string came"),
        Refused(#""stream":1"#, "stream", "has to be a boolean; the number 1 came"),
        Refused(#""stream_options":{"include_usage":true}"#, "stream_options", "needs `stream` to be true"),
        Refused(#""stream":true,"stream_options":[]"#, "stream_options", "has to be an object; a list came"),
        Refused(
            #""stream":true,"stream_options":{"include_usage":1}"#,
            "stream_options.include_usage",
            "has to be a boolean"
        ),
        Refused(#""stream":true,"stream_options":{"more":true}"#, "stream_options.more", "is not supported"),
        Refused(#""medmoe":"all""#, "medmoe", "has to be an object; a string came"),
        Refused(#""medmoe":{"provenance":"all"}"#, "medmoe.provenance", "has to be \"summary\""),
        Refused(#""medmoe":{"provenance":true}"#, "medmoe.provenance", "has to be a string"),
        Refused(#""medmoe":{"on_missing_expert":"skip"}"#, "medmoe.on_missing_expert", "refuse, wait or meta_only"),
        Refused(#""medmoe":{"deadline_ms":0}"#, "medmoe.deadline_ms", "between 1 and 86400000"),
        Refused(#""medmoe":{"deadline_ms":86400001}"#, "medmoe.deadline_ms", "between 1 and 86400000"),
        Refused(#""medmoe":{"image_aspect":"square"}"#, "medmoe.image_aspect", "\"pad\" or \"crop\""),
        Refused(#""medmoe":{"image_aspect":1}"#, "medmoe.image_aspect", "has to be a string"),
        Refused(#""medmoe":{"choices":"a"}"#, "medmoe.choices", "has to be an array"),
        Refused(#""medmoe":{"choices":[]}"#, "medmoe.choices", "1 to 256 texts; 0 came"),
        Refused(
            #""medmoe":{"choices":["# + Array(repeating: #""a""#, count: 257).joined(separator: ",") + "]}",
            "medmoe.choices",
            "257 came"
        ),
        Refused(#""medmoe":{"choices":["a",1]}"#, "medmoe.choices", "strings of 1 to 1024 bytes"),
        Refused(#""medmoe":{"choices":[""]}"#, "medmoe.choices", "strings of 1 to 1024 bytes"),
        Refused(#""stream":true,"medmoe":{"choices":["a"]}"#, "medmoe.choices", "cannot be streamed"),
        Refused(#""temperature":0.5,"medmoe":{"choices":["a"]}"#, "medmoe.choices", "goes without `temperature`"),
        Refused(#""stop":"x","medmoe":{"choices":["a"]}"#, "medmoe.choices", "goes without `temperature`"),
        Refused(#""max_tokens":5,"medmoe":{"choices":["a"]}"#, "medmoe.choices", "goes without `temperature`"),
        Refused(#""medmoe":{"speed":1}"#, "medmoe.speed", "is not supported"),
        Refused(#""n":2"#, "n", "not supported with this value"),
        Refused(#""logprobs":true"#, "logprobs", "not supported with this value"),
        Refused(#""top_logprobs":3"#, "top_logprobs", "not supported with this value"),
        Refused(#""frequency_penalty":0.1"#, "frequency_penalty", "not supported with this value"),
        Refused(#""presence_penalty":-1"#, "presence_penalty", "not supported with this value"),
        Refused(#""logit_bias":{"5":1}"#, "logit_bias", "not supported with this value"),
        Refused(#""response_format":{"type":"json_object"}"#, "response_format", "not supported with this value"),
        Refused(#""tools":[{}]"#, "tools", "not supported with this value"),
        Refused(#""tool_choice":"required""#, "tool_choice", "not supported with this value"),
        Refused(#""parallel_tool_calls":1"#, "parallel_tool_calls", "not supported with this value"),
        Refused(#""service_tier":"flex""#, "service_tier", "not supported with this value"),
        Refused(#""modalities":["text","audio"]"#, "modalities", "not supported with this value"),
        Refused(#""best_of":3"#, "best_of", "is not supported; leave it out"),
        Refused(#""zz":1,"aa":1"#, "aa", "is not supported"),
        Refused(body: message("7"), "messages[0]", "has to be an object; the number 7 came"),
        Refused(body: message(#"{"content":"x"}"#), "messages[0].role", "is missing"),
        Refused(body: message(#"{"role":"tool","content":"x"}"#), "messages[0].role", "another value came"),
        Refused(body: message(#"{"role":7,"content":"x"}"#), "messages[0].role", "has to be a string"),
        Refused(body: message(#"{"role":"user"}"#), "messages[0].content", "is missing"),
        Refused(body: message(#"{"role":"user","content":null}"#), "messages[0].content", "is missing"),
        Refused(body: message(#"{"role":"user","content":7}"#), "messages[0].content", "the number 7 came"),
        Refused(
            body: message(#"{"role":"user","content":"x","tool_calls":[]}"#),
            "messages[0].tool_calls",
            "is not supported"
        ),
        Refused(
            body: message(#"{"role":"user","content":"x"},{"role":"user","content":{}}"#),
            "messages[1].content",
            "an object came"
        ),
        Refused(body: parts("7"), "messages[0].content[0]", "has to be an object"),
        Refused(body: parts(#"{"text":"x"}"#), "messages[0].content[0].type", "is missing"),
        Refused(body: parts(#"{"type":"input_audio"}"#), "messages[0].content[0].type", "another value came"),
        Refused(body: parts(#"{"type":"text"}"#), "messages[0].content[0].text", "is missing"),
        Refused(body: parts(#"{"type":"text","text":7}"#), "messages[0].content[0].text", "has to be a string"),
        Refused(
            body: parts(#"{"type":"text","text":"x"},{"type":"text","text":"y","more":1}"#),
            "messages[0].content[1].more",
            "is not supported"
        ),
        Refused(body: parts(#"{"type":"image_url"}"#), "messages[0].content[0].image_url", "is missing"),
        Refused(
            body: parts(#"{"type":"image_url","image_url":"data:image/png;base64,AAAA"}"#),
            "messages[0].content[0].image_url",
            "has to be an object"
        ),
        Refused(
            body: parts(#"{"type":"image_url","image_url":{}}"#),
            "messages[0].content[0].image_url.url",
            "is missing"
        ),
        Refused(
            body: parts(#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}"#, role: "assistant"),
            "messages[0].content[0].image_url",
            "only stand in a user message"
        ),
        Refused(
            body: parts(#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}"#, role: "system"),
            "messages[0].content[0].image_url",
            "only stand in a user message"
        ),
    ]

    @Test("What is not understood is refused, with the path of the field", arguments: refused)
    func refuses(item: Refused) throws {
        let error = try #require(throws: QueryError.self) { _ = try Self.parse(item.body) }
        #expect(error.code == .invalidRequest)
        #expect(error.parameter == item.parameter)
        #expect(error.message.contains(item.says), "\(error.message)")
    }

    @Test("Bytes that are no UTF-8, and documents nested deeply, are refused")
    func hostile() {
        let deep = String(repeating: "[", count: 100_000)
        for bytes in [[0xFF, 0xFE, 0x00], Array(deep.utf8), Array((#"{"a":"# + deep).utf8), [0x7B, 0x22, 0xC0, 0x22]] {
            let error = #expect(throws: QueryError.self) { _ = try ChatCompletionParser.parse(bytes) }
            #expect(error?.code == .invalidRequest)
        }
    }

    @Test("No error repeats what a message says")
    func silence() throws {
        let secret = "mammogram of a patient"
        let bodies = [
            Self.message(#"{"role":"\#(secret)","content":"x"}"#), Self.parts(#"{"type":"\#(secret)"}"#),
            Self.image(secret), Self.image("data:\(secret)"), Self.image("data:image/png;base64,\(secret)!"),
            Self.body(#","stop":["\#(secret)",7]"#), Self.body(#","medmoe":{"provenance":"\#(secret)"}"#),
            Self.body(#","tool_choice":"\#(secret)""#), "{\"messages\":[{\"role\":\"user\",\"content\":\"\(secret)",
        ]
        for body in bodies {
            do {
                _ = try Self.parse(body)
            } catch {
                #expect(!error.message.contains("mammogram"), "\(error.message)")
                #expect(error.parameter?.contains("mammogram") != true)
            }
        }
    }

    @Test(
        "Roles are told apart; developer is system",
        arguments: [
            ("system", ChatRole.system), ("developer", .system), ("user", .user), ("assistant", .assistant),
        ]
    )
    func roles(name: String, role: ChatRole) throws {
        let request = try Self.parse(Self.message(#"{"role":"\#(name)","content":"x","name":"n","refusal":null}"#))
        #expect(request.messages.first?.role == role)
    }

    @Test("Parts keep their order, and pictures their bytes and media type")
    func partOrder() throws {
        let request = try Self.parse(
            Self.parts(
                #"{"type":"text","text":"first"},"#
                    + #"{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID","detail":"high"}},"#
                    + #"{"type":"text","text":"last"}"#
            )
        )
        let message = try #require(request.messages.first)
        #expect(message.parts.map(Self.words) == ["first", "[1, 2, 3] image/png", "last"])
    }

    @Test(
        "Data URLs are read in all their forms",
        arguments: [
            ("data:image/jpeg;base64,AQID", "[1, 2, 3] image/jpeg"),
            ("DATA:IMAGE/PNG;BASE64,AQID", "[1, 2, 3] image/png"),
            ("data:;base64,AQID", "[1, 2, 3] none"), ("data:base64,AQID", "[1, 2, 3] none"),
            ("data:image/png;charset=utf-8;base64,AQID", "[1, 2, 3] image/png"),
            (#"data:image/png;base64,AQ\nID\n"#, "[1, 2, 3] image/png"),
            ("data:image/png;base64,AQ==", "[1] image/png"),
            ("data:application/dicom;base64,//79", "[255, 254, 253] application/dicom"),
        ]
    )
    func dataURLs(url: String, expected: String) throws {
        let part = try #require(try Self.parse(Self.image(url)).messages.first?.parts.first)
        #expect(Self.words(part) == expected)
    }

    @Test(
        "Other URLs are refused, and none is fetched",
        arguments: [
            ("https://example.org/a.png", "has to be a data URL"), ("file:///etc/passwd", "has to be a data URL"),
            ("", "has to be a data URL"), ("data", "has to be a data URL"),
            ("data:image/png;base64", "without a comma"),
            ("data:", "without a comma"), ("data:image/png,AQID", "has to be base64 encoded"),
            ("data:,AQID", "has to be base64 encoded"), ("data:image/png;base64,", "valid base64"),
            ("data:image/png;base64,!!!!", "valid base64"), ("data:image/png;base64,A", "valid base64"),
        ]
    )
    func otherURLs(url: String, says: String) throws {
        let error = try #require(throws: QueryError.self) { _ = try Self.parse(Self.image(url)) }
        #expect(error.code == .invalidRequest)
        #expect(error.parameter == "messages[0].content[0].image_url.url")
        #expect(error.message.contains(says), "\(error.message)")
    }

    static func words(_ part: QueryRequest.Part) -> String {
        switch part {
        case .text(let text): text
        case .image(let bytes, let mediaType, _): "\(bytes) \(mediaType ?? "none")"
        }
    }
}
