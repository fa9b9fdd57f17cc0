internal import CFuzzer
internal import FuzzEntries
internal import Glibc

/// Gives the entry that `MEDMOE_FUZZ_ENTRY` names to libFuzzer; without the variable it lists the entries.
///
/// A variable and no argument, because libFuzzer starts the program again with flags of its own. `dev/fuzz` builds and
/// runs it.
@main
struct FuzzDriver {
    static func main() {
        guard target != nil else {
            print(FuzzEntry.all.map(\.name).joined(separator: "\n"))
            exit(unsafe getenv("MEDMOE_FUZZ_ENTRY") == nil ? 0 : 2)
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
        let code = unsafe LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
            let input = unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: count))
            if let target { target.entry.run(input, in: target.folder) }
            return 0
        }
        exit(code)
    }

    /// What runs: global, because a C function takes no context with it.
    fileprivate struct Target: @unchecked Sendable {
        // libFuzzer calls from one thread only.
        let entry: FuzzEntry
        let folder: FuzzFolder
    }
}

private let target: FuzzDriver.Target? = {
    guard let name = unsafe getenv("MEDMOE_FUZZ_ENTRY").map({ unsafe String(cString: $0) }),
        let entry = FuzzEntry.all.first(where: { $0.name == name }), let folder = try? FuzzFolder()
    else { return nil }
    return FuzzDriver.Target(entry: entry, folder: folder)
}()
