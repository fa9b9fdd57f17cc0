internal import Foundation

/// When each request of a benchmark is to be sent, in seconds from its beginning, in ascending order.
package struct ArrivalSchedule: Sendable {
    /// The times, one a request.
    package let times: [Double]

    /// A closed loop: nothing waits for a time, only for a request before it to end.
    package static func immediate(count: Int) -> ArrivalSchedule {
        ArrivalSchedule(times: Array(repeating: 0, count: count))
    }

    /// An open loop: arrivals that do not wait for answers, with gaps that are drawn from `seed`.
    package static func open(count: Int, rate: RequestRate, seed: UInt64) -> ArrivalSchedule {
        guard case .poisson(let perSecond) = rate else { return immediate(count: count) }
        var generator = SplitMix64(seed: seed)
        var time = 0.0
        return ArrivalSchedule(
            times: (0..<count).map { _ in
                time += gap(unit: generator.nextUnit(), perSecond: perSecond)
                return time
            }
        )
    }

    /// The time between two arrivals of a Poisson process, in seconds, for a number drawn evenly from 0..<1.
    package static func gap(unit: Double, perSecond: Double) -> Double {
        -log1p(-unit) / perSecond
    }
}
