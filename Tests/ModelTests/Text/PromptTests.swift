internal import Foundation
internal import Model
internal import Shared
internal import Testing

@Suite("Conversation template and prompt tokenizer")
struct PromptTests {
    private static let system =
        "A chat between a curious user and an artificial intelligence assistant. "
        + "The assistant gives helpful, detailed, and polite answers to the user's questions."

    @Test(
        "Conversations are written as the models were trained to read them",
        arguments: [
            (
                [ChatTurn(role: .user, text: "<image>\nWhat is shown?")],
                "\(system) USER: <image>\nWhat is shown? ASSISTANT:"
            ),
            (
                [
                    ChatTurn(role: .user, text: "Which organ?"), ChatTurn(role: .assistant, text: "The brain."),
                    ChatTurn(role: .user, text: "And now?"),
                ],
                "\(system) USER: Which organ? ASSISTANT: The brain.<|endoftext|>USER: And now? ASSISTANT:"
            ),
            (
                [ChatTurn(role: .system, text: "Be brief."), ChatTurn(role: .user, text: "Normal?")],
                "Be brief. USER: Normal? ASSISTANT:"
            ),
            (
                [
                    ChatTurn(role: .user, text: "a"), ChatTurn(role: .assistant, text: ""),
                    ChatTurn(role: .user, text: "b"),
                ],
                "\(system) USER: a ASSISTANT:<|endoftext|>USER: b ASSISTANT:"
            ),
        ]
    )
    func prompts(turns: [ChatTurn], expected: String) throws {
        for template in [ConversationTemplate.stablelm, .phi] {
            #expect(try template.prompt(turns: turns) == expected)
        }
    }

    @Test(
        "Orders that the template cannot express are refused at the message that breaks them",
        arguments: [
            ([], ConversationError.Code.noQuestion, nil),
            ([.system], .noQuestion, nil),
            ([.assistant], .roleOrder, 0),
            ([.user, .user], .roleOrder, 1),
            ([.user, .assistant], .roleOrder, 1),
            ([.user, .assistant, .assistant], .roleOrder, 2),
            ([.system, .system, .user], .roleOrder, 1),
            ([.user, .system], .roleOrder, 1),
            ([.user, .assistant, .system], .roleOrder, 2),
        ] as [([ChatRole], ConversationError.Code, Int?)]
    )
    func order(roles: [ChatRole], code: ConversationError.Code, turn: Int?) {
        let turns = roles.map { ChatTurn(role: $0, text: "secret words") }
        let error = #expect(throws: ConversationError.self) {
            try ConversationTemplate.stablelm.prompt(turns: turns)
        }
        #expect(error?.code == code)
        #expect(error?.turn == turn)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("An empty question is refused")
    func emptyQuestion() {
        let error = #expect(throws: ConversationError.self) {
            try ConversationTemplate.stablelm.prompt(turns: [ChatTurn(role: .user, text: "")])
        }
        #expect(error?.code == .emptyQuestion)
    }

    @Test("Each form of model has the template that it was trained with")
    func templatesOfForms() {
        #expect(ModelForm.allCases.map { ConversationTemplate.of($0).name } == ["stablelm", "phi"])
    }

    @Test("Templates are found by the names that checkpoints use, and by no other")
    func templateNames() throws {
        #expect(try ConversationTemplate.named("stablelm") == .stablelm)
        #expect(try ConversationTemplate.named("phi") == .phi)
        let error = #expect(throws: ConversationError.self) { try ConversationTemplate.named("phi2") }
        #expect(error?.code == .unknownTemplate)
    }

    @Test(
        "Image markers are counted and become sentinels wherever they stand",
        arguments: [
            ("", 0), ("no image", 0), ("<image>", 1), ("<image><image>", 2), ("a <image>\nb <image>", 2),
            ("<image", 0), ("<<image>>", 1), ("<ima<image>ge>", 1), ("<image>\u{301}", 1), ("<IMAGE>", 0),
        ]
    )
    func markers(text: String, count: Int) throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.nanoFolder)
        #expect(PromptTokenizer.imageCount(in: text) == count)
        let ids = PromptTokenizer(tokenizer: tokenizer).encode(text)
        #expect(ids.count { $0 == PromptTokenizer.imageSentinel } == count)
        let parts = ids.split(separator: PromptTokenizer.imageSentinel, omittingEmptySubsequences: false)
        let texts = parts.map { tokenizer.decode(Array($0), skipSpecialTokens: false) }
        #expect(Array(texts.joined(separator: "<image>").utf8) == Array(text.utf8))
    }

    @Test("A token for the beginning comes once and only where the checkpoint asks for it")
    func beginning() throws {
        let vocabulary = #"{"<|endoftext|>":0,"a":1,"b":2}"#
        let files = ["vocab.json": vocabulary, "merges.txt": "#version: 0.2\n"]
        let plain = try TextFixtures.withFolder(files) { try ByteLevelBPE(folder: $0) }
        #expect(PromptTokenizer(tokenizer: plain).encode("a<image>b") == [1, -200, 2])
        let asking = files.merging(["tokenizer_config.json": #"{"add_bos_token":true}"#]) { $1 }
        let tokenizer = try TextFixtures.withFolder(asking) { try ByteLevelBPE(folder: $0) }
        #expect(PromptTokenizer(tokenizer: tokenizer).encode("a<image>b") == [0, 1, -200, 2])
        #expect(tokenizer.encode("ab") == [0, 1, 2])
    }

    @Test("The prompts of the small model's expected answers give the expected ids and texts")
    func expectedAnswers() throws {
        let file = TextFixtures.root.appending(path: "models/medmoe-nano/expected.json")
        let expected = try TextFixtures.decode(ExpectedAnswers.self, from: file)
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.nanoFolder)
        #expect(expected.items.count == 60)
        for item in expected.items {
            let turn = ChatTurn(role: .user, text: "<image>\n\(item.question)")
            #expect(try ConversationTemplate.stablelm.prompt(turns: [turn]) == item.prompt, "\(item.id)")
            #expect(PromptTokenizer(tokenizer: tokenizer).encode(item.prompt) == item.inputIDs, "\(item.id)")
            let answer = tokenizer.decode(item.answerIDs, skipSpecialTokens: true)
            #expect(answer.trimmingCharacters(in: .whitespaces) == item.answer, "\(item.id)")
        }
    }

    @Test(
        "The golden prompts of both forms are written and tokenized as the original does",
        arguments: [
            "stablelm-tiny", "phi-tiny",
        ]
    )
    func golden(name: String) throws {
        guard let folder = TextFixtures.golden(name) else { return }
        let golden = try TextFixtures.decode(GoldenPrompts.self, from: folder.appending(path: "cases.json"))
        let tokenizer = try ByteLevelBPE(folder: folder.path)
        #expect(golden.cases.count == 6)
        for item in golden.cases {
            #expect(PromptTokenizer(tokenizer: tokenizer).encode(item.prompt) == item.inputIDs, "\(item.name)")
            guard let rounds = item.turns else { continue }
            let turns = rounds.flatMap { round in
                zip([ChatRole.user, .assistant], round).compactMap { role, text in
                    text.map { ChatTurn(role: role, text: $0) }
                }
            }
            #expect(try ConversationTemplate.stablelm.prompt(turns: turns) == item.prompt, "\(item.name)")
        }
    }
}
