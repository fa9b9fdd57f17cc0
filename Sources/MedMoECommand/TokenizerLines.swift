internal import Foundation
internal import Model
internal import Shared

/// What `medmoe tokenize` makes of one line.
///
/// Nothing of a line's text shows in an error.
struct TokenizerLines {
    let tokenizer: ByteLevelBPE
    /// Whether ids come in and texts go out.
    let decodes: Bool
    /// Whether special tokens and all spaces stay in the texts.
    let keepsEverything: Bool

    /// The line that answers a line, without its end.
    func answer(_ line: [UInt8], number: Int) throws(LineError) -> [UInt8] {
        let value: JSONValue
        do {
            value = try JSONParser.parse(line)
        } catch {
            throw LineError(number, "expected one JSON value, found a fault at byte \(error.offset); mend the line")
        }
        return decodes ? try text(of: value, number: number) : try ids(of: value, number: number)
    }

    private func ids(of value: JSONValue, number: Int) throws(LineError) -> [UInt8] {
        guard case .string(let text) = value else {
            throw LineError(
                number,
                "expected a JSON string, found \(value.kind); put a text in quotes, or give --decode for ids"
            )
        }
        let ids = tokenizer.encode(text).map(String.init)
        return Array("[\(ids.joined(separator: ","))]".utf8)
    }

    private func text(of value: JSONValue, number: Int) throws(LineError) -> [UInt8] {
        guard case .array(let values) = value else {
            throw LineError(number, "expected a JSON list of ids, found \(value.kind); leave --decode out for texts")
        }
        var ids: [Int] = []
        ids.reserveCapacity(values.count)
        for value in values {
            guard case .integer(let id) = value else {
                throw LineError(number, "expected whole numbers in the list, found \(value.kind)")
            }
            guard tokenizer.hasToken(id) else {
                throw LineError(
                    number,
                    "expected ids that have a token, found \(id); was this another tokenizer's text?"
                )
            }
            ids.append(id)
        }
        let text =
            keepsEverything
            ? tokenizer.decode(ids, skipSpecialTokens: false, cleansUpSpaces: false)
            : tokenizer.decode(ids, skipSpecialTokens: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let line = try? encoder.encode(text) else {
            throw LineError(number, "expected text that JSON can hold, found none; this is a fault of the program")
        }
        return Array(line)
    }
}
