/// Follows one streamed answer: events with their times in, a sample or the kind of failure out.
package struct AnswerTimeline: Sendable {
    private let mostOutputs: Int
    private var firstOutput: Double?
    private var lastOutput = 0.0
    private var gaps: [Double] = []
    private var finish: Double?
    private var usage: AnswerEvent.Usage?
    private var failure: FailureKind?
    /// Whether nothing more is to be read: the end of the stream, or a failure.
    package private(set) var isOver = false

    /// A timeline of an answer that may have `maximumTokens`.
    package init(maximumTokens: Int) {
        // A token is one output at most, give or take what a server holds back: more is no answer to this request,
        // and the gaps between without end would fill the memory.
        mostOutputs = 2 * maximumTokens + 16
    }

    /// Takes the data of an event that came `time` seconds after the request was sent.
    package mutating func take(_ data: [UInt8], at time: Double) {
        guard !isOver else { return }
        guard let event = AnswerEvent(data: data) else { return fail(.incomplete) }
        if event.isError { return fail(.streamError) }
        if event.hasOutput {
            guard gaps.count + 1 < mostOutputs else { return fail(.incomplete) }
            if firstOutput == nil { firstOutput = time } else { gaps.append(time - lastOutput) }
            lastOutput = time
        }
        if event.isFinish { finish = time }
        if let usage = event.usage { self.usage = usage }
        isOver = event.isEnd
    }

    /// Whether it has ended as a failure.
    package var isFailed: Bool { failure != nil }

    /// Ends the timeline as a failure, unless it is over.
    package mutating func fail(_ kind: FailureKind) {
        guard !isOver else { return }
        failure = kind
        isOver = true
    }

    /// The sample, once the stream has ended.
    package var sample: Result<RequestSample, FailureKind> {
        if let failure { return .failure(failure) }
        guard let finish, let usage else { return .failure(.incomplete) }
        return .success(
            RequestSample(
                // An answer without any text is there when its end is.
                timeToFirstToken: firstOutput ?? finish,
                gaps: gaps,
                endToEnd: finish,
                usage: usage,
            )
        )
    }
}
