internal import Testing
internal import Transport

private typealias Machine = LinkStateMachine

/// Something that happens to a link.
private enum Event {
    case connected
    case hello(UInt64)
    case traffic
    case tick
    case disconnected
    case goodbye
}

extension LinkStateMachine {
    fileprivate mutating func handle(_ event: Event, at milliseconds: Int) -> [Action] {
        let now = Duration.milliseconds(milliseconds)
        return switch event {
        case .connected: connected(at: now)
        case .hello(let incarnation): helloReceived(incarnation: incarnation, at: now)
        case .traffic: traffic(at: now)
        case .tick: tick(at: now)
        case .disconnected: disconnected()
        case .goodbye: goodbye(reason: "drained")
        }
    }
}

@Suite("Link state machine")
struct LinkStateMachineTests {
    /// A link brought into a state, at 10 s, with silence that is just too short for the next step.
    private func link(in state: Machine.State) -> Machine {
        var machine = Machine()
        var events: [(Event, Int)] = []
        switch state {
        case .connecting: break
        case .greeting: events = [(.connected, 10_000)]
        case .up: events = [(.connected, 9_900), (.hello(1), 10_000)]
        case .suspect:
            events = [(.connected, 7_400), (.hello(1), 7_500), (.tick, 8_400), (.tick, 9_200), (.tick, 10_000)]
        case .down:
            events = [
                (.connected, 5_900), (.hello(1), 6_000), (.tick, 6_900), (.tick, 7_800), (.tick, 8_700),
                (.tick, 9_600), (.tick, 10_000),
            ]
        }
        for (event, time) in events { _ = machine.handle(event, at: time) }
        #expect(machine.state == state)
        return machine
    }

    private func check(
        _ table: [(Machine.State, Event, Machine.State, [Machine.Action])],
        at milliseconds: Int = 10_100,
    ) {
        for (before, event, after, actions) in table {
            var machine = link(in: before)
            let taken = machine.handle(event, at: milliseconds)
            #expect(taken == actions, "\(before), \(event)")
            #expect(machine.state == after, "\(before), \(event)")
        }
    }

    @Test("each event in each state leads where the table says")
    func table() {
        check([
            (.connecting, .connected, .greeting, [.sendHello]),
            (.greeting, .connected, .greeting, [.sendHello]),
            (.up, .connected, .greeting, [.markDown(.disconnected), .sendHello]),
            (.suspect, .connected, .greeting, [.markDown(.disconnected), .sendHello]),
            (.down, .connected, .greeting, [.sendHello]),

            (.connecting, .hello(1), .connecting, []),
            (.greeting, .hello(1), .up, [.markUp(incarnation: 1)]),
            (.up, .hello(1), .up, []),
            (.up, .hello(2), .up, [.markDown(.restarted), .markUp(incarnation: 2)]),
            (.suspect, .hello(1), .up, [.markUp(incarnation: 1)]),
            (.suspect, .hello(2), .up, [.markDown(.restarted), .markUp(incarnation: 2)]),
            (.down, .hello(1), .up, [.markUp(incarnation: 1)]),
            (.down, .hello(2), .up, [.markUp(incarnation: 2)]),

            (.connecting, .traffic, .connecting, []),
            (.greeting, .traffic, .greeting, []),
            (.up, .traffic, .up, []),
            (.suspect, .traffic, .up, [.markUp(incarnation: 1)]),
            (.down, .traffic, .greeting, [.sendHello]),

            (.connecting, .tick, .connecting, []),
            (.greeting, .tick, .greeting, []),
            (.up, .tick, .up, []),
            (.suspect, .tick, .suspect, []),
            (.down, .tick, .down, []),

            (.connecting, .disconnected, .connecting, []),
            (.greeting, .disconnected, .connecting, []),
            (.up, .disconnected, .down, [.markDown(.disconnected)]),
            (.suspect, .disconnected, .down, [.markDown(.disconnected)]),
            (.down, .disconnected, .down, []),

            (.connecting, .goodbye, .connecting, []),
            (.greeting, .goodbye, .down, [.markDown(.goodbye("drained"))]),
            (.up, .goodbye, .down, [.markDown(.goodbye("drained"))]),
            (.suspect, .goodbye, .down, [.markDown(.goodbye("drained"))]),
            (.down, .goodbye, .down, []),
        ])
    }

    @Test("a silent link is suspect after 2.5 s and down after 4 s, and beats every second meanwhile")
    func silence() {
        var machine = Machine()
        _ = machine.connected(at: .zero)
        _ = machine.helloReceived(incarnation: 1, at: .zero)
        var log: [Int: [Machine.Action]] = [:]
        for time in stride(from: 100, through: 5000, by: 100) {
            let actions = machine.tick(at: .milliseconds(time))
            if !actions.isEmpty { log[time] = actions }
        }
        #expect(
            log == [
                1000: [.sendHeartbeat], 2000: [.sendHeartbeat], 2500: [.markSuspect], 3000: [.sendHeartbeat],
                4000: [.markDown(.silent)],
            ]
        )
    }

    @Test("any traffic starts the silence anew")
    func trafficResets() {
        var machine = Machine()
        _ = machine.connected(at: .zero)
        _ = machine.helloReceived(incarnation: 1, at: .zero)
        for time in stride(from: 100, through: 20_000, by: 100) {
            if time % 2400 == 0 { #expect(machine.traffic(at: .milliseconds(time)) == []) }
            let actions = machine.tick(at: .milliseconds(time))
            #expect(actions.isEmpty || actions == [.sendHeartbeat])
        }
        #expect(machine.state == .up)
    }

    @Test("a router that was busy for an hour does not take its node for dead")
    func ownAbsence() {
        var machine = Machine()
        _ = machine.connected(at: .zero)
        _ = machine.helloReceived(incarnation: 1, at: .zero)
        #expect(machine.tick(at: .seconds(3600)) == [.sendHeartbeat])
        #expect(machine.state == .up)
        #expect(machine.tick(at: .milliseconds(3_601_000)) == [.sendHeartbeat])
        #expect(machine.tick(at: .milliseconds(3_601_500)) == [.markSuspect])
    }

    @Test("a hello that nobody answers is repeated, then the connection renewed, while there is one")
    func greetingRepeats() {
        var machine = Machine()
        _ = machine.connected(at: .zero)
        #expect(machine.tick(at: .milliseconds(3999)) == [])
        #expect(machine.tick(at: .milliseconds(4000)) == [.sendHello])
        #expect(machine.tick(at: .milliseconds(7999)) == [])
        #expect(machine.tick(at: .milliseconds(8000)) == [.renew])
        #expect(machine.tick(at: .milliseconds(12_000)) == [.sendHello])
        #expect(machine.traffic(at: .milliseconds(12_001)) == [])
        #expect(machine.connected(at: .milliseconds(13_000)) == [.sendHello])
        #expect(machine.tick(at: .milliseconds(17_000)) == [.sendHello])
        _ = machine.disconnected()
        #expect(machine.tick(at: .seconds(60)) == [])
    }

    @Test("a link that went down by silence asks again, and one without connection does not")
    func downRepeats() {
        var machine = link(in: .down)
        #expect(machine.tick(at: .milliseconds(13_999)) == [])
        #expect(machine.tick(at: .milliseconds(14_000)) == [.sendHello])
        _ = machine.disconnected()
        #expect(machine.tick(at: .seconds(60)) == [])
        #expect(machine.traffic(at: .seconds(60)) == [])
    }

    @Test("after a goodbye only another process, or another connection, brings the link back")
    func goodbyeStays() {
        var machine = link(in: .up)
        _ = machine.goodbye(reason: "drained")
        #expect(machine.traffic(at: .seconds(11)) == [])
        #expect(machine.tick(at: .seconds(60)) == [])
        #expect(machine.helloReceived(incarnation: 1, at: .seconds(61)) == [])
        #expect(machine.state == .down)
        #expect(machine.helloReceived(incarnation: 2, at: .seconds(62)) == [.markUp(incarnation: 2)])

        machine = link(in: .up)
        _ = machine.goodbye(reason: "drained")
        #expect(machine.connected(at: .seconds(70)) == [.sendHello])
        #expect(machine.helloReceived(incarnation: 1, at: .seconds(70)) == [.markUp(incarnation: 1)])
    }
}
