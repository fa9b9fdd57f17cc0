import Kernels
import Router
import Shared
import Transport

/// A clock turned by hand.
final class ManualClock {
    private(set) var now = ContinuousClock.now
    func advance(_ duration: Duration) { now += duration }
}

/// A node that multiplies rows by a number of each expert, and misbehaves as it is told.
final class FakeNode: InProcessNode {
    /// What it does with a dispatch.
    enum Manner {
        /// Answers after so many more steps.
        case answers(after: Int = 0)
        /// Answers when `release` is called.
        case holds
        /// Never answers.
        case ignores
        /// Answers with a fault.
        case faults(FaultCode)
        /// Answers with a message that was changed, and rows of sevens.
        case distorts((inout ResultMessage) -> Void)
        /// Answers with a tensor frame that does not fit its header.
        case breaks
        /// Answers with rows that are no numbers.
        case spoils
        /// Says goodbye instead.
        case leaves
        /// Another process says hello in its place instead.
        case restarts
    }

    let name: String
    var hello: HelloMessage
    var manner = Manner.answers()
    /// Whether it is silent on everything.
    var isDumb = false
    /// What its heartbeats say.
    var queuedRows = 0
    /// Done before a dispatch is looked at.
    var onDispatch: (() -> Void)?
    /// How many times it says each result, and for which other requests.
    var repeats = 1
    var forges: [UInt64] = []
    private(set) var received: [WireHeader] = []
    private var router: PeerID?
    private let onStep: () -> Void
    private var replies: [(steps: Int, reply: OutboundReply)] = []

    init(name: String, experts: [HostedExpert], layout: WeightsHash, hiddenSize: Int, onStep: @escaping () -> Void) {
        self.name = name
        self.onStep = onStep
        hello = HelloMessage(
            sender: name,
            incarnation: 1,
            role: .expertNode,
            modelHash: layout,
            hiddenSize: hiddenSize,
            placementEpoch: 1,
            experts: experts,
            numerics: "fake",
            software: "fake/1",
            maximumMessageBytes: 1 << 20,
        )
    }

    /// The dispatches that came, with their request numbers.
    var dispatches: [(request: UInt64, message: DispatchMessage)] {
        received.compactMap { header in
            guard case .dispatch(let message) = header.body else { return nil }
            return (header.request, message)
        }
    }
    /// What routers placed here.
    var assignments: [AssignMessage] {
        received.compactMap { header in
            guard case .assign(let message) = header.body else { return nil }
            return message
        }
    }
    /// The request numbers that were taken back.
    var cancels: [UInt64] { received.filter { $0.body == .cancel }.map(\.request) }

    static func factor(_ expert: ExpertID) -> Float {
        switch expert.slot {
        case .routed(let index): Float(index + 2)
        case .meta: 10
        }
    }

    /// Says hello to the router that it heard last, without being asked.
    func announce() {
        if let router { say(.hello(hello), to: router) }
    }

    /// Lets out what it held back.
    func release() { for index in replies.indices { replies[index].steps = 0 } }

    func receive(_ event: PeerEvent) {
        guard case .message(let peer, let header, let frame) = event else { return }
        received.append(header)
        router = peer
        switch header.body {
        case .hello: say(.hello(hello), to: peer)
        case .heartbeat:
            let heartbeat = HeartbeatMessage(incarnation: hello.incarnation, progress: 0, queuedRows: queuedRows)
            say(.heartbeat(heartbeat), to: peer)
        case .dispatch(let message):
            onDispatch?()
            guard let frame else { return }
            answer(message, frame: frame, request: header.request, peer: peer)
        default: break
        }
    }

    func step() -> [OutboundReply] {
        onStep()
        let due = replies.filter { $0.steps <= 0 }.map(\.reply)
        replies = replies.filter { $0.steps > 0 }.map { ($0.steps == .max ? .max : $0.steps - 1, $0.reply) }
        return due
    }

    private func answer(_ message: DispatchMessage, frame: Frame, request: UInt64, peer: PeerID) {
        var result = ResultMessage(
            groups: message.groups,
            hiddenSize: message.hiddenSize,
            dtype: message.dtype,
            queueMicroseconds: 1,
            computeMicroseconds: 1,
            placementEpoch: 1,
        )
        switch manner {
        case .answers(let steps): send(result, tensor: Self.compute(message, frame), request, to: peer, steps: steps)
        case .holds: send(result, tensor: Self.compute(message, frame), request, to: peer, steps: .max)
        case .ignores: break
        case .faults(let code):
            let words = "Because of \(code.rawValue)."
            let fault = FaultMessage(code: code, message: words, retryable: true, placementEpoch: 1)
            say(.fault(fault), request: request, to: peer)
        case .distorts(let change):
            change(&result)
            send(result, tensor: Self.sevens((try? result.tensorByteCount()) ?? 0), request, to: peer, steps: 0)
        case .breaks: send(result, tensor: Self.sevens(frame.byteCount - 4), request, to: peer, steps: 0)
        case .spoils:
            let nothing = try? Frame(byteCount: frame.byteCount)
            nothing?.withMutableFloats { floats in for index in 0..<floats.count { floats[index] = .nan } }
            send(result, tensor: nothing, request, to: peer, steps: 0)
        case .leaves: say(.goodbye(GoodbyeMessage(reason: "drained")), to: peer)
        case .restarts:
            hello.incarnation += 1
            say(.hello(hello), to: peer)
        }
    }

    private func send(_ result: ResultMessage, tensor: Frame?, _ request: UInt64, to peer: PeerID, steps: Int) {
        for number in forges + [UInt64](repeating: request, count: repeats) {
            let header = WireHeader(request: number, body: .result(result))
            replies.append((steps, OutboundReply(peer: peer, header: header, tensor: tensor)))
        }
    }

    private func say(_ body: WireBody, request: UInt64 = 0, to peer: PeerID) {
        guard !isDumb else { return }
        replies.append((0, OutboundReply(peer: peer, header: WireHeader(request: request, body: body))))
    }

    private static func compute(_ message: DispatchMessage, _ input: Frame) -> Frame? {
        let kind = message.dtype.kind
        var numbers = [Float](repeating: 0, count: input.byteCount / kind.byteCount)
        var span = numbers.mutableSpan
        kind.widen(input.bytes, into: &span)
        var next = 0
        for group in message.groups {
            let range = next..<next + group.rows * message.hiddenSize
            for index in range { numbers[index] *= factor(group.expert) }
            next = range.upperBound
        }
        return try? Frame(copying: kind.narrow(numbers.span))
    }

    private static func sevens(_ byteCount: Int) -> Frame? {
        guard let frame = try? Frame(byteCount: byteCount) else { return nil }
        frame.withMutableFloats { floats in for index in 0..<floats.count { floats[index] = 7 } }
        return frame
    }
}
