internal import Foundation
internal import Imaging
internal import Shared

/// Reads a data URL with an image, and what it asks of it: `data:application/dicom;frame=3;window=40,400;base64,…`.
enum ImageURLParser {
    /// What media types say about their bytes and what changes nothing here.
    private static let descriptive: Set<String> = ["charset", "transfer-syntax"]

    static func parse(_ url: String, in fields: JSONFields) throws(QueryError) -> QueryRequest.Part {
        guard url.prefix(5).lowercased() == "data:" else {
            throw fields.invalid("url", "has to be a data URL (data:image/png;base64,...); no other URL is fetched.")
        }
        let rest = url.dropFirst(5)
        guard rest.contains(",") else {
            throw fields.invalid("url", "is a data URL without a comma before its data.")
        }
        guard let mark = dataMark(rest) else {
            throw fields.invalid("url", "has to be base64 encoded (data:image/png;base64,...).")
        }
        guard
            // Some encoders break lines; anything else that is not base64 would be decoded to wrong bytes.
            let data = Data(base64Encoded: String(rest[mark.upperBound...].filter { !$0.isWhitespace })),
            !data.isEmpty
        else {
            throw fields.invalid("url", "does not hold valid base64 data.")
        }
        var parts = rest[..<mark.lowerBound].split(separator: ";", omittingEmptySubsequences: false)[...]
        // The type may be left out; a parameter then comes first.
        let type = parts.first.flatMap { $0.contains("=") ? nil : $0.lowercased() }
        if type != nil { parts = parts.dropFirst() }
        var options = ImageDecodingOptions()
        for part in parts where !part.isEmpty { try take(part, into: &options, fields: fields) }
        return .image(Array(data), mediaType: type.flatMap { $0.isEmpty ? nil : $0 }, options: options)
    }

    /// `base64,` after the type and its parameters, whose values may hold commas themselves.
    private static func dataMark(_ rest: Substring) -> Range<Substring.Index>? {
        let head = rest.prefix(1024)
        var from = head.startIndex
        while let found = head.range(of: "base64,", options: .caseInsensitive, range: from..<head.endIndex) {
            let before = found.lowerBound == head.startIndex ? ";" : head[head.index(before: found.lowerBound)]
            if before == ";" { return found }
            from = found.upperBound
        }
        return nil
    }

    private static func take(
        _ parameter: Substring,
        into options: inout ImageDecodingOptions,
        fields: JSONFields,
    ) throws(QueryError) {
        let sides = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = sides[0].lowercased()
        if descriptive.contains(name) { return }
        do {
            // A comma may be written as %2C.
            let value = sides.count == 2 ? sides[1].removingPercentEncoding ?? "" : ""
            try options.set(name, to: value)
        } catch {
            throw fields.invalid("url", "has a parameter that cannot be used: \(error.message).")
        }
    }
}
