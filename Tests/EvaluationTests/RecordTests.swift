import Evaluation
import Testing

@Suite("Records")
struct RecordTests {
    @Test("A record is read with all its fields")
    func whole() throws {
        let json = Fixture.record(#","id":"a-1","image":"ct/1.jpg","answer_type":"CLOSED","modality":"ct""#)
        let records = try Fixture.records(json)
        let expected = EvaluationRecord(
            number: 1,
            id: "a-1",
            picture: .file("ct/1.jpg"),
            question: "Why?",
            answer: "so",
            kind: .closed,
            modality: "ct"
        )
        #expect(records == [expected])
        #expect(records[0].questionID == "a-1")
    }

    @Test("The misspelt field, the other name of the id and a number for an id are read")
    func spellings() throws {
        let records = try Fixture.records(
            Fixture.record(#","question_id":7"#, conversations: "conversatons") + "," + Fixture.record()
        )
        #expect(records.map(\.id) == ["7", nil])
        #expect(records.map(\.questionID) == ["7", "2"])
        #expect(records.allSatisfy { $0.picture == nil && $0.kind == nil && $0.modality == nil })
    }

    static let types: [(String, AnswerKind?)] = [
        ("OPEN", .open), ("open", .open), ("CLOSED", .closed), ("close", .closed), ("closed", nil), ("Open", nil),
        ("CLOSE", nil), ("", nil), ("OPEN ", nil),
    ]

    @Test("The four published spellings of the answer type count, and no other", arguments: types)
    func answerTypes(spelling: String, kind: AnswerKind?) throws {
        #expect(try Fixture.records(Fixture.record(#","answer_type":"\#(spelling)""#))[0].kind == kind)
    }

    @Test("The image's mark and white space around the question go, wherever they stand")
    func questions() throws {
        for text in ["Why?", "<image>\\nWhy?", "Why?\\n<image>", "  <image> Why? \\n", "W<image>hy?"] {
            #expect(try Fixture.records(Fixture.record(question: text))[0].question == "Why?", "\(text)")
        }
    }

    @Test(
        "A path may not leave the images folder",
        arguments: ["/etc/passwd", "../x.png", "a/../../x.png", "", "a/", "."]
    )
    func outside(path: String) {
        let error = Fixture.error { _ = try Fixture.records(Fixture.record(#","image":"\#(path)""#)) }
        if path == "." {
            #expect(error == nil, "a name that no file has; reading it fails")
        } else {
            #expect(error?.code == .imageOutside)
            #expect(error?.message.contains("`image` of record 1") == true)
        }
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        var json: String
        var field: String
        var testDescription: String { json }
    }

    static let wrong = [
        Wrong(json: #"{"id":"a"}"#, field: "`conversations`"),
        Wrong(json: #"{"conversations":"secret"}"#, field: "`conversations`"),
        Wrong(json: #"{"conversations":[{"from":"human","value":"secret"}]}"#, field: "`conversations`"),
        Wrong(
            json: #"{"conversations":[{"from":"gpt","value":"secret"},{"from":"gpt","value":"b"}]}"#,
            field: "`from` of `conversations[0]`"
        ),
        Wrong(
            json: #"{"conversations":[{"from":"human","value":"secret"},{"from":"gpt"}]}"#,
            field: "`value` of `conversations[1]`"
        ),
        Wrong(json: #"{"conversatons":[1,2]}"#, field: "`conversatons[0]`"),
        Wrong(json: Fixture.record(#","image":5"#), field: "`image`"),
        Wrong(json: Fixture.record(#","id":["secret"]"#), field: "`id`"),
        Wrong(json: Fixture.record(#","answer_type":1"#), field: "`answer_type`"),
        Wrong(json: Fixture.record(#","modality":{}"#), field: "`modality`"),
        Wrong(json: #""secret""#, field: "record 2"),
    ]

    @Test("A wrong field is named with its record, and its text is not told", arguments: wrong)
    func refuses(wrong: Wrong) {
        let error = Fixture.error { _ = try Fixture.records(Fixture.record() + "," + wrong.json) }
        #expect(error?.code == .invalidRecord)
        #expect(error?.message.contains(wrong.field) == true, "\(error?.message ?? "-")")
        #expect(error?.message.contains("record 2") == true)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("Texts over their bound are refused")
    func bounds() {
        let long = String(repeating: "x", count: 70_000)
        #expect(Fixture.error { _ = try Fixture.records(Fixture.record(question: long)) }?.code == .invalidRecord)
    }

    @Test("What is no list of records is refused", arguments: ["", "{}", "[]", "[{]", "null", "[1]x"])
    func noList(text: String) {
        let error = Fixture.error { _ = try RecordFile.parse(Array(text.utf8)) }
        #expect(error?.code == .invalidFile)
    }

    @Test("A byte-order mark before the list does no harm")
    func byteOrderMark() throws {
        #expect(try RecordFile.parse([0xEF, 0xBB, 0xBF] + Array("[\(Fixture.record())]".utf8)).count == 1)
    }
}
