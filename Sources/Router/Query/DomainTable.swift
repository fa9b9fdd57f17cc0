internal import Foundation
package import Shared

/// The measured domain of each expert index, from the checkpoint's `domains.json`; empty where there is none.
package struct DomainTable: Sendable {
    private struct File: Decodable {
        struct Entry: Decodable {
            var index: Int
            var domain: String
        }

        var experts: [Entry]
    }

    private let names: [Int: String]

    /// Reads the table of a checkpoint folder; a missing or unreadable file means that no domain was measured.
    package init(folder: String) {
        let url = URL(filePath: folder).appending(path: "domains.json")
        let file = (try? Data(contentsOf: url)).flatMap { try? JSONDecoder().decode(File.self, from: $0) }
        names = Dictionary((file?.experts ?? []).map { ($0.index, $0.domain) }) { first, _ in first }
    }

    /// The experts of a domain, in order; several where the gate spread it.
    package func indices(of name: String) -> [Int] { names.filter { $0.value == name }.keys.sorted() }

    /// The domain of a routed expert, nil when it was not measured.
    package func name(of slot: ExpertSlot) -> String? {
        guard case .routed(let index) = slot else { return nil }
        return names[index]
    }
}
