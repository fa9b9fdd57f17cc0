import Benchmarking
import Testing

@Suite("Arrivals and prompts")
struct LoadTests {
    @Test("The generator gives the published numbers of SplitMix64")
    func generator() {
        var generator = SplitMix64(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
        #expect(generator.next() == 9_817_491_932_198_370_423)
        var units = SplitMix64(seed: 0)
        for _ in 0..<1000 { #expect((0..<1).contains(units.nextUnit())) }
    }

    @Test("Rates are numbers above 0, or inf")
    func rates() {
        #expect(RequestRate(argument: "2.5") == .poisson(perSecond: 2.5))
        #expect(RequestRate(argument: "inf") == .unlimited)
        for word in ["0", "-1", "nan", "infinity", "1e300", "", "two"] {
            #expect(RequestRate(argument: word) == nil, "\(word)")
        }
    }

    @Test("A gap is that of the exponential distribution")
    func gap() {
        #expect(ArrivalSchedule.gap(unit: 0, perSecond: 2) == 0)
        // 1 - e⁻¹ of all gaps are shorter than the mean.
        #expect(abs(ArrivalSchedule.gap(unit: 0.632_120_558_828_557_7, perSecond: 1) - 1) < 1e-12)
        #expect(abs(ArrivalSchedule.gap(unit: 0.632_120_558_828_557_7, perSecond: 4) - 0.25) < 1e-12)
        #expect(ArrivalSchedule.gap(unit: 1 - 0x1p-53, perSecond: 1).isFinite)
    }

    @Test("Arrivals ascend, come at the rate in the mean, and are the same for the same seed")
    func arrivals() {
        let times = ArrivalSchedule.open(count: 20_000, rate: .poisson(perSecond: 50), seed: 7).times
        #expect(times == times.sorted())
        // The mean of 20000 gaps is within 4 standard errors, 2.8 %, of a fiftieth of a second.
        #expect(abs((times.last ?? 0) / 400 - 1) < 0.028)
        #expect(times == ArrivalSchedule.open(count: 20_000, rate: .poisson(perSecond: 50), seed: 7).times)
        #expect(times != ArrivalSchedule.open(count: 20_000, rate: .poisson(perSecond: 50), seed: 8).times)
        #expect(ArrivalSchedule.open(count: 3, rate: .unlimited, seed: 7).times == [0, 0, 0])
        #expect(ArrivalSchedule.immediate(count: 2).times == [0, 0])
    }

    @Test("Prompts have their words, in another order for each request, and are the same for the same seed")
    func prompts() {
        let maker = PromptMaker(seed: 3)
        let text = maker.text(words: 12, request: 0)
        #expect(text.split(separator: " ").count == 12)
        #expect(text == PromptMaker(seed: 3).text(words: 12, request: 0))
        #expect(Set((0..<200).map { maker.text(words: 12, request: $0) }).count == 200)
        #expect(Set((0..<200).map { maker.text(words: 12, request: $0).split(separator: " ").sorted() }).count == 1)
        let more = maker.text(words: 13, request: 0).split(separator: " ").sorted()
        #expect(Set(text.split(separator: " ")).isSubset(of: Set(more)))
        #expect(text != PromptMaker(seed: 4).text(words: 12, request: 0))
        #expect(maker.text(words: 0, request: 0).split(separator: " ").count == 1)
    }

    @Test("Two counted prompts give the words for a third: 20 tokens around them, 1.5 a word")
    func fit() throws {
        let first = PromptFit.Probe(words: 16, tokens: 44)
        #expect(PromptFit.secondProbeWords(after: first, target: 320) == 116)
        #expect(PromptFit.secondProbeWords(after: first, target: 10) == 32)
        let fit = try #require(PromptFit(first, .init(words: 116, tokens: 194)))
        #expect(fit.tokensPerWord == 1.5)
        #expect(fit.tokensAround == 20)
        #expect(fit.words(for: 320) == 200)
        #expect(fit.words(for: 1) == 1)
        #expect(fit.leastTokens == 22)
    }

    @Test("Counts that do not grow with the words fit nothing")
    func noFit() {
        #expect(PromptFit(.init(words: 16, tokens: 44), .init(words: 32, tokens: 44)) == nil)
        #expect(PromptFit(.init(words: 16, tokens: 44), .init(words: 16, tokens: 60)) == nil)
    }
}
