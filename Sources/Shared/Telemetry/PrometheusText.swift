/// The words of the text exposition format, version 0.0.4: names, labels and numbers as a scraper reads them.
enum PrometheusText {
    /// A metric name: every character that the format does not know becomes an underscore.
    static func metricName(_ label: String) -> String {
        sanitised(label, allowsColon: true)
    }

    /// A label name; `__` at the beginning is kept for the scraper itself and becomes one underscore.
    static func labelName(_ name: String) -> String {
        let clean = sanitised(name, allowsColon: false)
        return clean.hasPrefix("__") ? "_" + clean.drop { $0 == "_" } : clean
    }

    private static func sanitised(_ text: String, allowsColon: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case "0"..."9":
                if result.isEmpty { result = "_" }
                result.unicodeScalars.append(scalar)
            case ":" where allowsColon: result.append(":")
            default: result.append("_")
            }
        }
        return result.isEmpty ? "_" : result
    }

    /// Labels as they stand between the braces, in order of name; nil when a name comes twice or is a histogram's own.
    static func labels(_ dimensions: [(String, String)]) -> String? {
        let pairs = dimensions.map { (name: labelName($0.0), value: $0.1) }.sorted { $0.name < $1.name }
        guard Set(pairs.map(\.name)).count == pairs.count, !pairs.contains(where: { $0.name == "le" }) else {
            return nil
        }
        return pairs.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",")
    }

    /// A help text or label value on one line.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A number as the format spells it.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return String(value)
    }

    /// One sample line.
    static func sample(_ name: String, _ labels: String, _ value: Double) -> String {
        labels.isEmpty ? "\(name) \(number(value))\n" : "\(name){\(labels)} \(number(value))\n"
    }
}
