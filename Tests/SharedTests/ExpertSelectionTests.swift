import Shared
import Testing

@Suite struct ExpertSelectionTests {
    /// Two mixture layers of two and three experts, each with a meta expert.
    static let moe = MoEConfiguration(layers: [0, 4], expertCounts: [2, 3], topK: 1, hasMetaExpert: true)

    @Test(
        "A list of words names experts",
        arguments: [
            ("0.1", ["0.1"]), ("4.meta", ["4.meta"]), ("*.1", ["0.1", "4.1"]), ("*.2", ["4.2"]),
            ("*.meta", ["0.meta", "4.meta"]), ("4.*", ["4.0", "4.1", "4.2", "4.meta"]),
            ("all", ["0.0", "0.1", "0.meta", "4.0", "4.1", "4.2", "4.meta"]),
            ("*.*", ["0.0", "0.1", "0.meta", "4.0", "4.1", "4.2", "4.meta"]),
            (" 4.0 , 0.1,4.0", ["0.1", "4.0"]), ("*.1,0.*", ["0.0", "0.1", "0.meta", "4.1"]),
        ]
    )
    func parses(_ text: String, _ experts: [String]) throws {
        #expect(try ExpertSelection(parsing: text, of: Self.moe).experts.map(\.description) == experts)
    }

    @Test(
        "A word that names nothing is told",
        arguments: [
            ("0.2", PlacementError.Code.noSuchExpert, "\"0.2\""), ("1.0", .noSuchExpert, "layer 1"),
            ("*.3", .noSuchExpert, "are 0, 1, 2, meta"), ("9.*", .noSuchExpert, "layers with experts are 0, 4"),
            ("0.0,5.1", .noSuchExpert, "\"5.1\""), ("0", .unknownWord, "\"0\""), ("0.1.2", .unknownWord, "0.1.2"),
            ("ALL", .unknownWord, "ALL"), ("0.x", .unknownWord, "0.x"), ("-1.0", .unknownWord, "-1.0"),
            ("+0.1", .unknownWord, "+0.1"), ("0.-1", .unknownWord, "0.-1"), ("meta.0", .unknownWord, "meta.0"),
            (".", .unknownWord, "."), ("0.99999999999999999999", .unknownWord, "0.9999"), ("", .empty, "nothing"),
            ("0.0,", .empty, "nothing"), (" , 0.0", .empty, "nothing"), ("0.\u{1B}[31m", .unknownWord, "0.?[31m"),
        ]
    )
    func refuses(_ text: String, _ code: PlacementError.Code, _ words: String) throws {
        let error = #expect(throws: PlacementError.self) { try ExpertSelection(parsing: text, of: Self.moe) }
        #expect(error?.code == code)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("More words than there can be to say are refused before they are read")
    func tooManyWords() throws {
        let experts = Self.moe.experts.map(\.description).joined(separator: ",")
        #expect(
            try ExpertSelection(parsing: experts + ",0.*,4.*,*.0,*.1,*.2,*.meta,all", of: Self.moe).experts.count == 7
        )
        for count in [15, 200_000] {
            let text = Array(repeating: "all", count: count).joined(separator: ",")
            let error = #expect(throws: PlacementError.self) { try ExpertSelection(parsing: text, of: Self.moe) }
            #expect(error?.message.contains("at most 14 words") == true, "\(error?.message ?? "")")
        }
    }

    @Test("A model without meta experts has none to name")
    func noMeta() throws {
        let moe = MoEConfiguration(layers: [0], expertCounts: [2], topK: 1, hasMetaExpert: false)
        let error = #expect(throws: PlacementError.self) { try ExpertSelection(parsing: "*.meta", of: moe) }
        #expect(error?.code == .noSuchExpert)
        #expect(try ExpertSelection(parsing: "all", of: moe).experts.count == 2)
    }

    @Test(
        "A selection is printed as people write it",
        arguments: [
            ("*.*", "all"), ("0.1,4.1", "*.1"), ("4.0,4.1,4.2,4.meta", "4.*"), ("4.2", "4.2"),
            ("*.meta,4.2,0.0", "*.meta,0.0,4.2"),
        ]
    )
    func prints(_ text: String, _ printed: String) throws {
        #expect(try ExpertSelection(parsing: text, of: Self.moe).description == printed)
    }

    @Test("Whatever is printed selects the same experts again")
    func roundTrip() throws {
        let all = Self.moe.experts
        for bits in 1..<(1 << all.count) {
            let chosen = all.indices.filter { bits >> $0 & 1 == 1 }.map { all[$0] }
            let selection = ExpertSelection(chosen, of: Self.moe)
            #expect(try ExpertSelection(parsing: selection.description, of: Self.moe) == selection)
            #expect(selection.experts == chosen)
        }
    }
}
