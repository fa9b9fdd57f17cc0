internal import Configuration
internal import Shared
internal import SystemPackage

/// Where a program's settings come from: a flag, else the environment (`MEDMOE_…`), else a JSON file; one key in all.
///
/// The key of `--admin-port` is `admin-port`: `MEDMOE_ADMIN_PORT` in the environment, `"admin-port"` in the file.
package struct Settings: Sendable {
    private let environment: ConfigReader
    private let file: ConfigReader?
    private let filePath: String?

    /// Reads the file, if one is given; the environment is read as it is asked for.
    ///
    /// - Throws: `SettingsError` when the file is missing or is not a JSON object.
    package init(file path: String?) async throws(SettingsError) {
        environment = ConfigReader(provider: EnvironmentVariablesProvider())
        filePath = path
        guard let path else {
            file = nil
            return
        }
        do {
            file = ConfigReader(provider: try await FileProvider<JSONSnapshot>(filePath: FilePath(path)))
        } catch {
            throw SettingsError("The configuration file \(path) has to be a readable JSON object; it is not.")
        }
    }

    /// The text of a setting, from the first source that has it.
    package func string(_ key: String, flag: String?) -> String? {
        if let flag { return flag }
        if let text = environment.string(forKey: ConfigKey(["medmoe", key])) { return text }
        guard let file else { return nil }
        let fileKey = ConfigKey([key])
        return file.string(forKey: fileKey) ?? file.int(forKey: fileKey).map(String.init)
            ?? file.double(forKey: fileKey).map { String($0) } ?? file.bool(forKey: fileKey).map { String($0) }
    }

    /// A setting that has to be there.
    package func required(_ key: String, flag: String?) throws(SettingsError) -> String {
        guard let text = string(key, flag: flag), !text.isEmpty else {
            throw SettingsError("\(key) is missing; give --\(key), \(Self.variable(key)) or \"\(key)\" in the file.")
        }
        return text
    }

    /// A whole number within bounds.
    package func integer(
        _ key: String,
        flag: Int?,
        default standard: Int,
        in range: ClosedRange<Int>,
    ) throws(SettingsError) -> Int {
        guard let text = string(key, flag: flag.map(String.init)) else { return standard }
        guard let number = Int(text), range.contains(number) else {
            throw SettingsError(
                "\(key) has to be a whole number from \(range.lowerBound) to \(range.upperBound); \"\(text)\" came."
            )
        }
        return number
    }

    /// A switch: on when its flag is given, else what environment or file say.
    package func boolean(_ key: String, flag: Bool) throws(SettingsError) -> Bool {
        guard !flag, let text = string(key, flag: nil) else { return flag }
        guard let value = Bool(text) else { throw SettingsError("\(key) has to be true or false; \"\(text)\" came.") }
        return value
    }

    /// A time in milliseconds, above zero.
    package func milliseconds(
        _ key: String,
        flag: Int?,
        default standard: Duration,
    ) throws(SettingsError) -> Duration {
        let fallback = Int(standard.milliseconds)
        return .milliseconds(try integer(key, flag: flag, default: fallback, in: 1...86_400_000))
    }

    private static func variable(_ key: String) -> String {
        "MEDMOE_" + key.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
}

/// A setting that is missing or makes no sense.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One sentence: which setting, what was expected, what came.
    package let message: String

    /// Describes the trouble.
    package init(_ message: String) {
        self.message = message
    }

    /// The sentence.
    package var description: String { message }
}
