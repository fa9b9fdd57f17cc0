import ExpertNode
import Model
import Shared
import Testing

@Suite("Reading experts beside the compute thread")
struct ExpertLoaderTests {
    @Test("What is ordered is read, proved and handed over; what cannot be read is named", .timeLimit(.minutes(1)))
    func reads() async throws {
        let weights = try Nano.weights.get()
        let sound = ExpertID(layer: 0, slot: .meta)
        // A manifest that promises other outputs for this one.
        let wrong = Nano.experts[0]
        let loader = ExpertLoader(weights: weights, promised: [wrong: 1])
        let (wakes, wake) = AsyncStream<Void>.makeStream()
        loader.onFinish { wake.yield() }
        #expect(loader.byteCount(of: sound) ?? 0 > 0)
        #expect(loader.byteCount(of: ExpertID(layer: 77, slot: .meta)) == nil)
        let finished = await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loader.run() }
            loader.load(sound)
            loader.load(wrong)
            var finished: [LoadedExpert] = []
            for await _ in wakes {
                finished += loader.takeFinished()
                if finished.count == 2 { break }
            }
            group.cancelAll()
            return finished
        }
        #expect(finished.map(\.expert) == [sound, wrong])
        guard case .loaded(let bank, let checksum) = finished.first?.outcome else {
            Issue.record("the first has to be read")
            return
        }
        #expect(bank.experts == [sound])
        #expect(checksum != nil)
        guard case .failed(let reason) = finished.last?.outcome else {
            Issue.record("the second has to be refused")
            return
        }
        #expect(reason.contains("expected outputs of expert \(wrong)"))
        #expect(loader.takeFinished().isEmpty)
    }

    @Test("Orders that are taken back are not read, and one that is given twice is read once", .timeLimit(.minutes(1)))
    func takenBack() async throws {
        let loader = ExpertLoader(weights: try Nano.weights.get())
        let (kept, last) = (Nano.experts[1], Nano.experts[2])
        let (wakes, wake) = AsyncStream<Void>.makeStream()
        loader.onFinish { wake.yield() }
        for expert in [Nano.experts[0], kept, kept] { loader.load(expert) }
        loader.keepOrders(of: [kept])
        loader.load(last)
        let finished = await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loader.run() }
            var finished: [LoadedExpert] = []
            for await _ in wakes {
                finished += loader.takeFinished()
                if finished.contains(where: { $0.expert == last }) { break }
            }
            group.cancelAll()
            return finished
        }
        #expect(finished.map(\.expert) == [kept, last])
    }
}
