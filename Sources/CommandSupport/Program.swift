package import ArgumentParser
internal import Foundation
internal import NIOCore
internal import Shared

/// Runs a program's command and turns how it ended into the exit codes that every program of ours has.
///
/// 0: done (also `--help` and `--version`). 1: the work failed. 2: the words were wrong. Errors go to standard error,
/// one sentence each.
package enum Program {
    /// Parses the command line, runs the command, and ends the process.
    package static func main<Command: AsyncParsableCommand>(_ type: Command.Type) async -> Never {
        do {
            var command = try type.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as SettingsError {
            fail(error.message, code: 2)
        } catch let error as PlacementError {
            fail(error.message, code: 2)
        } catch {
            let code = type.exitCode(for: error)
            if code == .success {
                print(type.fullMessage(for: error))
                exit(0)
            }
            if let code = error as? ExitCode { exit(code.rawValue) }
            if code == .validationFailure { fail(type.fullMessage(for: error), code: 2, isFormatted: true) }
            fail(sentence(for: error), code: 1)
        }
        exit(0)
    }

    private static func fail(_ text: String, code: Int32, isFormatted: Bool = false) -> Never {
        FileHandle.standardError.write(Data(((isFormatted ? "" : "Error: ") + text + "\n").utf8))
        exit(code)
    }

    /// The words for an error that reached the end of the program.
    private static func sentence(for error: any Error) -> String {
        if let error = error as? IOError, error.errnoCode == EADDRINUSE {
            return "The port is in use by another process; stop it or choose another port. (\(error))"
        }
        return "\(error)"
    }
}
