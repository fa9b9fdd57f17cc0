/// A list of CPU cores as people write it: numbers and ranges, comma separated.
package struct CoreList: Equatable, Sendable {
    /// The cores, ascending, each once.
    package let cores: [Int]

    /// Reads `0-3,8`.
    ///
    /// - Throws: `SettingsError` for anything else, and for cores from 1024 on.
    package init(parsing text: String) throws(SettingsError) {
        var cores: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last,
                (0..<1024).contains(first), last < 1024
            else { throw SettingsError("cores has to be core numbers below 1024 like 0-3,8; \"\(text)\" came.") }
            cores.formUnion(first...last)
        }
        self.cores = cores.sorted()
    }

    /// Takes cores.
    package init(_ cores: [Int]) { self.cores = Set(cores).sorted() }

    /// The list as it is written, without ranges.
    package var description: String { cores.map(String.init).joined(separator: ",") }
}
