internal import Foundation
package import Shared

/// The round trip of a dispatch beside that of bare frames of the same bytes, round by round.
package struct DispatchReport: Sendable {
    /// What was measured, and where.
    package struct Setting: Sendable {
        /// The command as it can be typed again.
        package var command: String
        /// The machine of both processes.
        package var machine: MachineDescription
        /// `ipc` or `tcp`.
        package var transport: String
        /// Rows of each dispatch.
        package var rows: Int
        /// Numbers of a row.
        package var hiddenSize: Int
        /// Bytes of the header there, of the header back and of the rows one way.
        package var bytes: (request: Int, reply: Int, tensor: Int)

        /// Describes a measurement.
        package init(
            command: String,
            machine: MachineDescription,
            transport: String,
            rows: Int,
            hiddenSize: Int,
            bytes: (request: Int, reply: Int, tensor: Int),
        ) {
            self.command = command
            self.machine = machine
            self.transport = transport
            self.rows = rows
            self.hiddenSize = hiddenSize
            self.bytes = bytes
        }
    }

    /// One round: both, one after the other.
    package struct Round: Sendable {
        /// Through the code of router and node.
        package var dispatch: RoundTrips
        /// Frames alone.
        package var bare: RoundTrips

        /// Notes a round.
        package init(dispatch: RoundTrips, bare: RoundTrips) {
            self.dispatch = dispatch
            self.bare = bare
        }

        /// How many times as long a dispatch takes, by the medians.
        package var ratio: Double { dispatch.p50 / bare.p50 }
    }

    /// The most that a dispatch may take of what its frames take alone.
    package static let bar = 1.3

    private let setting: Setting
    private let rounds: [Round]
    /// The ratios of the rounds.
    package let ratio: Spread

    /// Takes the rounds; nil without any.
    package init?(setting: Setting, rounds: [Round]) {
        guard let ratio = Spread(rounds.map(\.ratio)) else { return nil }
        self.setting = setting
        self.rounds = rounds
        self.ratio = ratio
    }

    /// Whether the median ratio keeps the bar.
    package var passes: Bool { ratio.median <= Self.bar }

    /// For people: a line a round, what they have in the middle, and what was run where.
    package var text: String {
        func line(_ name: String, _ dispatch: RoundTrips, _ bare: RoundTrips, _ ratio: Double) -> [String] {
            [name]
                + [dispatch.p50, dispatch.p99, bare.p50, bare.p99].map { String(format: "%.1f", $0) }
                + [String(format: "%.2f", ratio)]
        }
        var lines = [["ROUND", "DISPATCH P50", "P99", "FRAMES P50", "P99", "RATIO"]]
        for (index, round) in rounds.enumerated() {
            lines.append(line(String(index + 1), round.dispatch, round.bare, round.ratio))
        }
        lines.append(line("median", middle(\.dispatch), middle(\.bare), ratio.median))
        let spread = String(format: "ratio %.2f, from %.2f to %.2f", ratio.median, ratio.least, ratio.most)
        let bytes = setting.bytes
        return TextTable.render(lines) + "\n\n" + spread + "; times in microseconds\n"
            + "\(setting.rows) row\(setting.rows == 1 ? "" : "s") of \(setting.hiddenSize) over \(setting.transport): "
            + "frames of \(bytes.request) and \(bytes.tensor) bytes there, \(bytes.reply) and \(bytes.tensor) back\n"
            + setting.command + "\n" + "\(setting.machine.text); \(SoftwareVersion.current)"
    }

    /// For programs; documented in docs/bench.md.
    package var json: JSONValue {
        func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(JSONObject(members)) }
        let machine = setting.machine
        return object([
            ("command", .string(setting.command)),
            ("machine", object([("cpu", .string(machine.processor)), ("cores", .integer(machine.cores))])),
            ("software", .string(SoftwareVersion.current)), ("transport", .string(setting.transport)),
            ("rows", .integer(setting.rows)), ("hidden_size", .integer(setting.hiddenSize)),
            (
                "bytes",
                object([
                    ("request_header", .integer(setting.bytes.request)),
                    ("reply_header", .integer(setting.bytes.reply)), ("tensor", .integer(setting.bytes.tensor)),
                ])
            ),
            (
                "rounds",
                .array(
                    rounds.map {
                        object([("dispatch", $0.dispatch.json), ("frames", $0.bare.json), ("ratio", .number($0.ratio))])
                    }
                )
            ),
            ("dispatch", middle(\.dispatch).json), ("frames", middle(\.bare).json), ("ratio", ratio.json),
        ])
    }

    /// The medians of the rounds' percentiles.
    private func middle(_ kind: (Round) -> RoundTrips) -> RoundTrips {
        let trips = rounds.map(kind)
        return RoundTrips(
            p50: Spread(trips.map(\.p50))?.median ?? 0,
            p99: Spread(trips.map(\.p99))?.median ?? 0,
        )
    }
}
