package import ArgumentParser
internal import Shared

/// The flag of every program on the wire that says how it waits for rows.
package struct SpinOptions: ParsableArguments {
    @Option(
        help: """
            How long to look again and again for rows on the wire before sleeping, at most 5000; others get the core \
            while they need it. 0 saves power and costs speed. (default: 200)
            """
    )
    package var spinMicroseconds: Int?

    /// For the argument parser.
    package init() {}

    /// How long to look before sleeping.
    package func spin(_ settings: Settings) throws(SettingsError) -> Duration {
        .microseconds(
            try settings.integer("spin-microseconds", flag: spinMicroseconds, default: 200, in: 0...5000)
        )
    }
}
