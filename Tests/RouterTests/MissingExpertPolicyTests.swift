import Model
import Router
import Shared
import Testing

@Suite("Policy for missing experts")
struct MissingExpertPolicyTests {
    static let domains = ["ct": 0, "mr": 1]

    static func parse(_ text: String) throws -> MissingExpertPolicies {
        try MissingExpertPolicies(parsing: text) { name in
            if name == "both" { return [0, 2] }
            return (domains[name] ?? Int(name)).flatMap { (0..<4).contains($0) ? [$0] : nil } ?? []
        }
    }

    @Test("A policy for all, and others for single experts")
    func parsing() throws {
        #expect(try Self.parse("refuse") == MissingExpertPolicies())
        #expect(try Self.parse("wait") == MissingExpertPolicies(standard: .wait))
        let mixed = try Self.parse("meta_only,ct=wait,3=refuse")
        #expect(mixed == MissingExpertPolicies(standard: .metaOnly, byIndex: [0: .wait, 3: .refuse]))
        #expect(mixed.policy(for: ExpertID(layer: 2, slot: .routed(0))) == .wait)
        #expect(mixed.policy(for: ExpertID(layer: 2, slot: .routed(1))) == .metaOnly)
        #expect(mixed.policy(for: ExpertID(layer: 2, slot: .meta)) == .refuse, "nothing can go on by it")
        #expect(mixed.loosest == .metaOnly)
        #expect([0, 1, 2, 3].map(mixed.bears.contains) == [false, true, true, false])
        #expect(try Self.parse("both=wait").byIndex == [0: .wait, 2: .wait], "a domain that two experts have")
        let strict = try Self.parse("refuse,mr=meta_only")
        #expect([0, 1, 2, 3].map(strict.bears.contains) == [false, true, false, false])
        #expect(strict.loosest == .metaOnly)
    }

    @Test(
        "What is no policy, or of no expert, is named",
        arguments: ["", "skip", "ct", "ct=", "=wait", "pet=wait", "4=wait", "a=b=c"]
    )
    func refused(text: String) {
        #expect(throws: QueryError.self) { try Self.parse(text) }
    }

    @Test("A request may only ask for less than its server allows")
    func narrowed() throws {
        let mixed = try Self.parse("meta_only,ct=wait,3=refuse")
        #expect(mixed.narrowed(to: nil) == mixed)
        #expect(mixed.narrowed(to: .metaOnly) == mixed)
        #expect(mixed.narrowed(to: .wait) == MissingExpertPolicies(standard: .wait, byIndex: [0: .wait, 3: .refuse]))
        #expect(mixed.narrowed(to: .refuse).loosest == .refuse)
    }
}
