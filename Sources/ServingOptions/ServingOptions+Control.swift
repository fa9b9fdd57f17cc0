package import CommandSupport
internal import Foundation
package import Router

extension ServingOptions {
    /// What the control API knows of the model, and the token that changes need.
    package func control(
        _ settings: Settings,
        launcher: RouterLauncher,
    ) throws(SettingsError) -> ControlSettings {
        var control = launcher.makeControlSettings()
        control.token = try settings.string("control-token-file", flag: controlTokenFile).map(ControlToken.read)
        return control
    }
}

/// The secret that a router asks for before it changes something.
package enum ControlToken {
    /// Reads a file with a token in it: 16 to 512 visible characters, with or without an end of line.
    package static func read(_ path: String) throws(SettingsError) -> String {
        guard let data = FileManager.default.contents(atPath: path), data.count <= 1024 else {
            throw SettingsError(
                "control-token-file has to name a readable file of at most 1024 bytes; \(path) is none."
            )
        }
        let token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard (16...512).contains(token.utf8.count), token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SettingsError(
                "control-token-file has to hold 16 to 512 visible characters, such as from `openssl rand -hex 32`; "
                    + "\(path) holds something else."
            )
        }
        return token
    }
}
