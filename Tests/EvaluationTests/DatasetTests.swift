import Evaluation
import Foundation
import Testing

@Suite("Data sets as their publishers ship them")
struct DatasetTests {
    static func read(
        _ bytes: [UInt8],
        name: String = "data",
        _ change: (inout Dataset.Options) -> Void = { _ in },
    ) throws -> Dataset {
        var options = Dataset.Options()
        change(&options)
        return try Dataset(bytes, name: name, options: options)
    }

    static let vqaRAD = """
        [{"qid": 1, "phrase_type": "freeform", "qid_linked_id": "03f451ca", "image_case_url": "https://example.org/1",
          "image_name": "synpic1.jpg", "image_organ": "HEAD", "evaluation": "evaluated", "question": " Is it grey?  ",
          "question_rephrase": "NULL", "question_relation": "NULL", "question_frame": "NULL", "question_type": "PRES",
          "answer": "Yes", "answer_type": "CLOSED "},
         {"qid": "2", "phrase_type": "test_freeform", "image_name": "synpic2.jpg", "image_organ": "CHEST",
          "question": "How many squares?", "question_type": "COUNT", "answer": 2, "answer_type": "OPEN"},
         {"qid": 3, "phrase_type": "test_para", "image_name": "synpic2.jpg", "image_organ": "CHEST ",
          "question": "What is it?", "question_type": "OTHER", "answer": "squares\\t", "answer_type": " OPEN "}]
        """

    @Test("VQA-RAD: numbers for answers, blanks behind types, the test part in phrase_type")
    func readsVQARAD() throws {
        let all = try Self.read(Array(Self.vqaRAD.utf8))
        #expect(all.kind == .vqaRAD)
        #expect(all.records.map(\.id) == ["1", "2", "3"])
        #expect(all.records.map(\.kind) == [.closed, .open, .open])
        #expect(all.records.map(\.answer) == ["Yes", "2", "squares"])
        #expect(all.records.map(\.question) == ["Is it grey?", "How many squares?", "What is it?"])
        #expect(all.records[0].picture == .file("synpic1.jpg"))
        let test = try Self.read(Array(Self.vqaRAD.utf8)) { $0.split = "test" }
        #expect(test.records.map(\.number) == [2, 3])
        let train = try Self.read(Array(Self.vqaRAD.utf8)) { $0.split = "train" }
        #expect(train.records.map(\.number) == [1])
        #expect(Fixture.error { _ = try Self.read(Array(Self.vqaRAD.utf8)) { $0.split = "val" } }?.code == .unsupported)
    }

    static let slake = """
        [{"img_id": 1, "img_name": "xmlab1/source.jpg", "question": "What modality is used?", "answer": "MRI",
          "q_lang": "en", "location": "Abdomen", "modality": "MRI", "answer_type": "OPEN", "base_type": "vqa",
          "content_type": "Modality", "triple": ["vhead", "_", "_"], "qid": 0},
         {"img_id": 1, "img_name": "xmlab1/source.jpg", "question": "\u{662F}MRI\u{5417}?", "answer": "\u{662F}",
          "q_lang": "zh", "location": "Abdomen", "modality": "MRI", "answer_type": "CLOSED", "base_type": "vqa",
          "content_type": "Modality", "triple": ["vhead", "_", "_"], "qid": 1},
         {"img_id": 2, "img_name": "xmlab2/source.jpg", "question": "Is it a lung?", "answer": "No", "q_lang": "en",
          "location": "Lung", "modality": "X-Ray", "answer_type": "CLOSED", "base_type": "vqa",
          "content_type": "Organ", "triple": ["vhead", "_", "_"], "qid": 2}]
        """

    @Test("SLAKE: the English questions, with their modality")
    func readsSLAKE() throws {
        let set = try Self.read(Array(Self.slake.utf8))
        #expect(set.kind == .slake)
        #expect(set.records.map(\.id) == ["0", "2"])
        #expect(set.records.map(\.number) == [1, 3])
        #expect(set.records.map(\.modality) == ["MRI", "X-Ray"])
        #expect(set.records.map(\.kind) == [.open, .closed])
        #expect(set.records[1].picture == .file("xmlab2/source.jpg"))
        #expect(Fixture.error { _ = try Self.read(Array(Self.slake.utf8)) { $0.split = "test" } }?.code == .unsupported)
    }

    @Test("PathVQA: pickles of every protocol", arguments: 2...5)
    func readsPathVQA(version: Int) throws {
        let bytes = try Fixture.read("pathvqa-protocol-\(version).pkl")
        let set = try Self.read(bytes)
        #expect(set.kind == .pathvqa)
        #expect(set.records.map(\.kind) == [.closed, .open, .open])
        #expect(set.records.map(\.answer) == ["yes", "squares", "Bild für Übung"])
        #expect(set.records[1].question == "What does the made-up tissue show?")
        #expect(set.records.map(\.picture) == [1, 1, 2].map { .file("test/test_000\($0).jpg") })
        #expect(set.records.allSatisfy { $0.id == nil })
        #expect(try Self.read(bytes) { $0.split = "test" }.records.count == 3)
        #expect(Fixture.error { _ = try Self.read(bytes) { $0.split = "val" } }?.code == .invalidFile)
    }

    @Test("MedMNIST: pictures and labels of a part, with the labels' texts")
    func readsMedMNIST() throws {
        let bytes = try Fixture.read("pneumoniamnist.npz")
        let set = try Self.read(bytes, name: "pneumoniamnist.npz")
        #expect(set.kind == .medmnist)
        #expect(set.labels == ["normal", "pneumonia"])
        #expect(set.records.map(\.label) == [0, 1, 0])
        #expect(set.records.map(\.answer) == ["normal", "pneumonia", "normal"])
        #expect(set.records.allSatisfy { $0.kind == nil && $0.modality == "X-ray" && !$0.question.isEmpty })
        #expect(try Self.read(bytes, name: "pneumoniamnist.npz") { $0.split = "val" }.records.count == 2)
        guard case .encoded(let picture) = set.records[0].picture else {
            Issue.record("the picture is in the record")
            return
        }
        #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        #expect(picture[16..<26] == [0, 0, 0, 28, 0, 0, 0, 28, 8, 0], "28 by 28, 8 bits, gray")
    }

    @Test("MedMNIST: other sets need a file of labels; stored members and colours are read")
    func readsColours() throws {
        let bytes = try Fixture.read("colours.npz")
        #expect(Fixture.error { _ = try Self.read(bytes, name: "colours.npz") }?.code == .unsupported)
        let set = try Self.read(bytes, name: "colours.npz") {
            $0.labels = ["red", "green", "blue"]
            $0.prompt = "Which colour?"
        }
        #expect(set.records.map(\.answer) == ["red", "green"])
        #expect(set.records.map(\.question) == ["Which colour?", "Which colour?"])
        let few = Fixture.error { _ = try Self.read(bytes, name: "colours.npz") { $0.labels = ["red"] } }
        #expect(few?.code == .invalidRecord)
        #expect(few?.message.contains("record 2") == true)
    }

    @Test("The form is told from the file, and records of no known form are refused")
    func kinds() throws {
        #expect(try Self.read(Array("[\(Fixture.record())]".utf8)).kind == .medmoe)
        let error = Fixture.error { _ = try Self.read(Array(#"[{"question":"secret"}]"#.utf8)) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("A path that leaves the images folder is refused in every form")
    func outside() {
        let bad = Self.vqaRAD.replacing("synpic1.jpg", with: "../synpic1.jpg")
        #expect(Fixture.error { _ = try Self.read(Array(bad.utf8)) }?.code == .imageOutside)
        let worse = Self.slake.replacing("xmlab1/source.jpg", with: "/xmlab1/source.jpg")
        #expect(Fixture.error { _ = try Self.read(Array(worse.utf8)) }?.code == .imageOutside)
    }

    @Test("Labels come one on each line, each once")
    func labels() throws {
        #expect(try LabelFile.parse(Array("left lung\n liver \r\n".utf8)) == ["left lung", "liver"])
        for text in ["", "one\n", "a\na\n", "a\n\nb\n"] {
            #expect(Fixture.error { _ = try LabelFile.parse(Array(text.utf8)) }?.code == .invalidFile)
        }
    }
}
