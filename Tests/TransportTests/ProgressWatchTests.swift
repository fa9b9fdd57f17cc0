internal import Testing
internal import Transport

@Suite("Progress of a peer")
struct ProgressWatchTests {
    struct Beat: Sendable {
        var at: Double
        var progress: UInt64
        var rows: Int
    }

    private func isStalled(_ beats: [Beat]) -> Bool {
        var watch = ProgressWatch(stalledAfter: .seconds(3), longestGap: .seconds(1))
        for beat in beats { watch.heartbeat(progress: beat.progress, queuedRows: beat.rows, at: .seconds(beat.at)) }
        return watch.isStalled
    }

    @Test("Rows that wait for three seconds beside a number that stands still are a stall")
    func stall() {
        let beats = (0...3).map { Beat(at: Double($0), progress: 4, rows: 9) }
        #expect(isStalled(beats))
        #expect(!isStalled(Array(beats.dropLast())))
    }

    @Test("A batch done, an empty queue or rows that have only just come are none")
    func sound() {
        #expect(!isStalled((0...9).map { Beat(at: Double($0), progress: UInt64($0), rows: 9) }))
        #expect(!isStalled((0...9).map { Beat(at: Double($0), progress: 4, rows: 0) }))
        #expect(!isStalled((0...9).map { Beat(at: Double($0), progress: 4, rows: $0 % 2) }))
        #expect(!isStalled((0...9).map { Beat(at: Double($0), progress: 4, rows: $0 > 6 ? 9 : 0) }))
    }

    @Test("A stall ends with the next batch")
    func ends() {
        let beats = (0...5).map { Beat(at: Double($0), progress: 4, rows: 9) }
        #expect(!isStalled(beats + [Beat(at: 6, progress: 5, rows: 9)]))
    }

    @Test("A router that did not listen for an hour does not blame its node")
    func absence() {
        #expect(!isStalled([Beat(at: 0, progress: 4, rows: 9), Beat(at: 3600, progress: 4, rows: 9)]))
    }

    @Test("What was seen of another process does not count")
    func reset() {
        var watch = ProgressWatch(stalledAfter: .seconds(3), longestGap: .seconds(1))
        for second in 0...3 { watch.heartbeat(progress: 4, queuedRows: 9, at: .seconds(second)) }
        #expect(watch.isStalled)
        watch.reset()
        #expect(!watch.isStalled)
        watch.heartbeat(progress: 4, queuedRows: 9, at: .seconds(4))
        watch.heartbeat(progress: 4, queuedRows: 9, at: .seconds(5))
        #expect(!watch.isStalled)
    }
}

@Suite("Links to peers that do not compute")
struct StalledLinkTests {
    /// A link that is stalled at 3 s.
    private func stalled() -> LinkStateMachine {
        var machine = LinkStateMachine()
        _ = machine.connected(at: .zero)
        _ = machine.helloReceived(incarnation: 1, at: .zero)
        var actions: [LinkStateMachine.Action] = []
        for second in 0...3 { actions += machine.heartbeat(progress: 1, queuedRows: 5, at: .seconds(second)) }
        #expect(actions == [.markStalled])
        #expect(machine.state == .suspect)
        return machine
    }

    @Test("Words alone do not bring a stalled link back, a batch does")
    func back() {
        var machine = stalled()
        #expect(machine.traffic(at: .seconds(4)) == [])
        #expect(machine.helloReceived(incarnation: 1, at: .seconds(4)) == [])
        #expect(machine.heartbeat(progress: 1, queuedRows: 5, at: .seconds(4)) == [])
        #expect(machine.state == .suspect)
        #expect(machine.heartbeat(progress: 2, queuedRows: 5, at: .seconds(5)) == [.markUp(incarnation: 1)])
        #expect(machine.state == .up)
    }

    @Test("A stalled link that falls silent goes down, and another process in its place starts afresh")
    func others() {
        var silent = stalled()
        var actions: [LinkStateMachine.Action] = []
        for second in 4...7 { actions += silent.tick(at: .seconds(second)) }
        #expect(actions.contains(.markDown(.silent)))
        #expect(silent.helloReceived(incarnation: 1, at: .seconds(8)) == [.markUp(incarnation: 1)])

        var restarted = stalled()
        let expected: [LinkStateMachine.Action] = [.markDown(.restarted), .markUp(incarnation: 2)]
        #expect(restarted.helloReceived(incarnation: 2, at: .seconds(4)) == expected)
        #expect(restarted.heartbeat(progress: 1, queuedRows: 5, at: .seconds(5)) == [])
    }

    @Test("A new connection starts afresh")
    func reconnected() {
        var machine = stalled()
        _ = machine.connected(at: .seconds(4))
        #expect(machine.helloReceived(incarnation: 1, at: .seconds(4)) == [.markUp(incarnation: 1)])
    }
}
