package import ArgumentParser
package import Shared

/// The flags of every program on the wire that say how it is protected.
package struct WireKeyOptions: ParsableArguments {
    @Option(help: "The file with this process's keys, as medmoe keys new writes it; needs --allow-list.")
    package var keyFile: String?

    @Option(help: "The JSON file that says which keys are let in and what for; read again when it changes.")
    package var allowList: String?

    @Flag(
        help: "Let the wire be plain where other machines can reach it. Whoever can listen there reads and forges it."
    )
    package var insecureWire = false

    /// For the argument parser.
    package init() {}

    /// What was asked for, refused if one of these endpoints would be plain and open to other machines.
    package func resolve(
        _ settings: Settings,
        endpoints: [String],
    ) throws(SettingsError) -> WireSecuritySettings {
        let chosen = WireSecuritySettings(
            keyFile: settings.string("key-file", flag: keyFile),
            allowList: settings.string("allow-list", flag: allowList),
            permitsPlain: try settings.boolean("insecure-wire", flag: insecureWire),
        )
        guard (chosen.keyFile == nil) == (chosen.allowList == nil) else {
            throw SettingsError("key-file and allow-list go together; give both, or neither.")
        }
        guard chosen.keyFile == nil, !chosen.permitsPlain else { return chosen }
        // What is no endpoint at all is refused by whoever opens it.
        let isOpen: (String) -> Bool = { $0.hasPrefix("tcp://") && !WireEndpoint.staysOnMachine($0) }
        if let open = endpoints.first(where: isOpen) {
            throw SettingsError(WireEndpoint.refusal(of: open))
        }
        return chosen
    }
}
