package import ArgumentParser
package import Kernels

/// The flags of every program that computes.
package struct ComputeOptions: ParsableArguments {
    @Option(
        help: """
            f32, bf16 or int8: what linear layers compute with. Router and nodes have to agree. f32 takes weights as they \
            are stored; the others round them when they are loaded. bf16 adds products in the order that this machine is \
            fastest in: bf16-tiles with AMX, else bf16-pairs; machines of both kinds in one cluster have to be told one \
            of these. (default: int8 for a checkpoint stored so, else f32)
            """
    )
    package var dtype: String?

    @Option(help: "The cores that compute threads stay on, e.g. 0-3,8. (default: any)")
    package var cores: String?

    /// For the argument parser.
    package init() {}

    /// What linear layers compute with; nil leaves it to the checkpoint.
    package func dtype(_ settings: Settings) throws(SettingsError) -> ComputeDType? {
        guard let name = settings.string("dtype", flag: dtype) else { return nil }
        guard let dtype = ComputeDType(name: name) else {
            throw SettingsError("dtype has to be \(ComputeDType.names); \"\(name)\" came.")
        }
        return dtype
    }

    /// The cores that compute threads stay on; none for any.
    package func cores(_ settings: Settings) throws(SettingsError) -> [Int] {
        guard let text = settings.string("cores", flag: cores) else { return [] }
        let chosen = try CoreList(parsing: text).cores
        let usable = ThreadPool.usableCores
        guard usable.isEmpty || chosen.allSatisfy(usable.contains) else {
            throw SettingsError(
                "cores has to name cores that this process may use (\(CoreList(usable).description)); \"\(text)\" came."
            )
        }
        return chosen
    }
}
