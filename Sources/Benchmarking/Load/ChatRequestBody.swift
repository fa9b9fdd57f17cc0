internal import Shared

/// Writes the bodies of a benchmark's requests; what is the same in all of them is written once.
package struct ChatRequestBody: Sendable {
    private let head: [UInt8]
    private let pictures: [[UInt8]]

    /// Bodies for a model that has to generate `maximumTokens`.
    ///
    /// - Parameters:
    ///   - dataURLs: pictures, of which each request gets one in turn; none for text alone.
    ///   - ignoresEnd: asks for all tokens, also beyond the end that the model sees: answers of one length.
    package init(model: String, maximumTokens: Int, dataURLs: [String], ignoresEnd: Bool) {
        var fields: [(String, JSONValue)] = [
            ("model", .string(model)), ("max_tokens", .integer(maximumTokens)), ("temperature", .integer(0)),
            ("stream", .bool(true)), ("stream_options", .object(JSONObject([("include_usage", .bool(true))]))),
        ]
        if ignoresEnd { fields.append(("medmoe", .object(JSONObject([("ignore_eos", .bool(true))])))) }
        // Without the closing brace: the messages follow.
        head = JSONText.bytes(.object(JSONObject(fields))).dropLast() + Array(",\"messages\":[".utf8)
        pictures = dataURLs.map { url in
            let link = JSONValue.object(JSONObject([("url", .string(url))]))
            return JSONText.bytes(.object(JSONObject([("type", .string("image_url")), ("image_url", link)]))) + [0x2C]
        }
    }

    /// The body of the request of this number, with a text of its own.
    package func bytes(text: String, request: Int) -> [UInt8] {
        let part = JSONObject([("type", .string("text")), ("text", .string(text))])
        var bytes = head
        bytes += Array("{\"role\":\"user\",\"content\":[".utf8)
        if !pictures.isEmpty { bytes += pictures[request % pictures.count] }
        bytes += JSONText.bytes(.object(part))
        bytes += Array("]}]}".utf8)
        return bytes
    }

    /// Bytes of the largest body with a text of `textBytes`, or a little more.
    package func largestSize(textBytes: Int) -> Int {
        head.count + (pictures.map(\.count).max() ?? 0) + textBytes + 128
    }
}
