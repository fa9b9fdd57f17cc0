internal import Foundation
internal import Shared

/// What a server answered to one question.
struct QuestionResponse {
    private struct Body: Decodable {
        struct Choice: Decodable {
            struct Message: Decodable {
                var content: String
            }

            var message: Message
        }

        struct Provenance: Decodable {
            struct Expert: Decodable {
                struct Layer: Decodable {
                    var layer: Int
                    var nodes: [String]
                    var weights_hashes: [String]
                }

                var expert: String
                var domain: String?
                var token_share: Double
                var gate_mass_share: Double
                var layers: [Layer]
            }

            var modality: String?
            var degraded: Bool
            var experts: [Expert]
        }

        var choices: [Choice]
        var medmoe: Provenance?
    }

    /// The response as it came.
    let text: String
    private let body: Body

    init(data: Data) throws {
        text = String(decoding: data, as: UTF8.self)
        body = try JSONDecoder().decode(Body.self, from: data)
    }

    /// The answer's words.
    var answer: String { body.choices.first?.message.content ?? "" }

    /// Which experts made it, as a table.
    var provenanceTable: String {
        guard let provenance = body.medmoe else { return "The server told nothing of the answer's origin." }
        var rows = [["EXPERT", "DOMAIN", "TOKENS", "GATE MASS", "NODE", "WEIGHTS"]]
        for expert in provenance.experts {
            rows.append([
                expert.expert, expert.domain ?? "-", Self.percent(expert.token_share),
                Self.percent(expert.gate_mass_share),
                Set(expert.layers.flatMap(\.nodes)).sorted().joined(separator: ","),
                expert.layers.flatMap(\.weights_hashes).map { String($0.prefix(8)) }.joined(separator: " "),
            ])
        }
        let head =
            "modality as the gate sees it: \(provenance.modality ?? "none")"
            + (provenance.degraded ? ", DEGRADED" : "")
        return head + "\n" + TextTable.render(rows)
    }

    private static func percent(_ share: Double) -> String {
        String(format: "%.1f %%", share * 100)
    }
}
