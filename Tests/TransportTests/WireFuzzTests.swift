internal import Testing
internal import Transport

/// A small generator with a fixed seed, so that a failure can be had again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

@Suite("Headers from a stranger")
struct WireFuzzTests {
    /// Decodes bytes that may be anything: an error or a header that can be encoded again and comes back the same.
    private func survive(_ bytes: [UInt8]) throws -> Bool {
        let frame = try Frame(copying: bytes)
        let header: WireHeader
        do throws(WireError) { header = try WireHeader.decode(frame) } catch { return false }
        #expect(try WireHeader.decode(header.encode()) == header)
        return true
    }

    @Test("random bytes are refused or understood, and never crash")
    func randomBytes() throws {
        var generator = SeededGenerator(seed: 1)
        for round in 0..<20_000 {
            let bytes = (0..<(round % 200)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = try survive(bytes)
        }
    }

    @Test("every truncation of every body is refused or understood", arguments: Samples.headers)
    func truncations(header: WireHeader) throws {
        let bytes = try header.encode().copyBytes()
        for count in 0..<bytes.count { _ = try survive(Array(bytes.prefix(count))) }
        #expect(try survive(bytes))
    }

    @Test("flipped bits, spliced and repeated messages are refused or understood", arguments: Samples.headers)
    func mutations(header: WireHeader) throws {
        var generator = SeededGenerator(seed: 7)
        let bytes = try header.encode().copyBytes()
        let others = try Samples.headers.map { try $0.encode().copyBytes() }
        var understood = 0
        for _ in 0..<4000 {
            var mutant = bytes
            for _ in 0...Int.random(in: 0...3, using: &generator) {
                let place = Int.random(in: 0..<mutant.count, using: &generator)
                switch Int.random(in: 0...4, using: &generator) {
                case 0: mutant[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                case 1: mutant[place] = [0, 1, 127, 128, 255].randomElement(using: &generator) ?? 0
                case 2: mutant.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                // Two headers after one another are one header to protobuf, merged field by field.
                case 3: mutant += others.randomElement(using: &generator) ?? []
                default: mutant.replaceSubrange(place..., with: mutant[place...] + mutant[..<place])
                }
            }
            if try survive(mutant) { understood += 1 }
        }
        // Were none understood, the mutations would be too wild to test anything behind the parser.
        #expect(understood > 0)
    }
}
