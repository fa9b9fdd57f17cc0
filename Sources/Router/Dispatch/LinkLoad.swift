package import Transport

/// What is out on each link.
package struct LinkLoad: Sendable {
    private struct Entry {
        var rows = 0
        var bytes = 0
    }

    private var entries: [LinkID: Entry] = [:]

    /// Starts with nothing out.
    package init() {}

    /// Rows that a link owes.
    package func rows(of link: LinkID) -> Int { entries[link]?.rows ?? 0 }
    /// Bytes of rows that a link has to take in or to compute.
    package func bytes(of link: LinkID) -> Int { entries[link]?.bytes ?? 0 }

    /// A message left.
    package mutating func add(_ link: LinkID, rows: Int, bytes: Int) {
        entries[link, default: Entry()].rows += rows
        entries[link, default: Entry()].bytes += bytes
    }

    /// A message is answered or given up.
    package mutating func remove(_ link: LinkID, rows: Int, bytes: Int) {
        entries[link]?.rows -= rows
        entries[link]?.bytes -= bytes
        if entries[link]?.rows == 0 { entries[link] = nil }
    }
}
