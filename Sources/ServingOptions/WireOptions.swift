package import ArgumentParser
package import CommandSupport
package import Transport

/// The flags of every program that sends rows to expert nodes.
package struct WireOptions: ParsableArguments {
    @Option(
        help: """
            f32, bf16 or f16: what rows are rounded to between router and nodes, both ways. The nodes follow the router. \
            f16 refuses numbers beyond 65504. (default: f32)
            """
    )
    package var wireDtype: String?

    /// For the argument parser.
    package init() {}

    /// The element type of rows on the wire.
    package func dtype(_ settings: Settings) throws(SettingsError) -> WireDType {
        guard let name = settings.string("wire-dtype", flag: wireDtype) else { return .float32 }
        guard let dtype = WireDType(rawValue: name) else {
            throw SettingsError("wire-dtype has to be f32, bf16 or f16; \"\(name)\" came.")
        }
        return dtype
    }
}
