import Foundation
import Synchronization

/// Answers of lanes that ask the same until they are told to end.
final class Lanes: Sendable {
    private let state = Mutex((answers: [(status: Int, text: String)](), isOver: false))

    var isOver: Bool { state.withLock { $0.isOver } }
    var answers: [(status: Int, text: String)] { state.withLock { $0.answers } }
    func end() { state.withLock { $0.isOver = true } }

    func run(_ http: HTTP, asking question: String = "What is shown?") async throws {
        while !isOver {
            let answer = try await http.ask(question, maximumTokens: 24)
            let text = answer.status == 200 ? answer.content : answer.errorMessage
            state.withLock { $0.answers.append((answer.status, text)) }
        }
    }

    /// Waits until so many more answers have come.
    func wait(forMore count: Int) async throws {
        let (wanted, deadline) = (answers.count + count, ContinuousClock.now + .seconds(60))
        while answers.count < wanted {
            guard deadline > .now else { throw HTTP.NotReady(message: "no \(count) more answers came") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
