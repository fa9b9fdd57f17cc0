/// Reads the text exposition format 0.0.4 as a scraper does, strictly: what it does not expect is an error.
struct Exposition {
    struct Fault: Error {
        let line: String
        let reason: String
    }

    struct Sample: Equatable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    private(set) var help: [String: String] = [:]
    private(set) var types: [String: String] = [:]
    /// In the order of the text.
    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.isEmpty || text.hasSuffix("\n") else { throw Fault(line: "", reason: "the last line does not end") }
        var family = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#") {
                family = try readComment(String(line), family)
            } else {
                let sample = try Self.sample(String(line))
                let base = types[family] == "histogram" ? ["_bucket", "_sum", "_count"].map { family + $0 } : [family]
                guard base.contains(sample.name) else { throw Fault(line: String(line), reason: "outside its family") }
                guard !samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels }) else {
                    throw Fault(line: String(line), reason: "comes twice")
                }
                samples.append(sample)
            }
        }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private mutating func readComment(_ line: String, _ family: String) throws -> String {
        let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "#", Self.isName(parts[2], colon: true) else {
            throw Fault(line: line, reason: "neither help nor type")
        }
        switch parts[1] {
        case "HELP":
            guard help.updateValue(parts[3], forKey: parts[2]) == nil else { throw Fault(line: line, reason: "twice") }
        case "TYPE":
            guard ["counter", "gauge", "histogram"].contains(parts[3]),
                types.updateValue(parts[3], forKey: parts[2]) == nil
            else { throw Fault(line: line, reason: "an unknown type, or twice") }
        default: throw Fault(line: line, reason: "neither help nor type")
        }
        return parts[2]
    }

    private static func isName(_ text: String, colon: Bool) -> Bool {
        !text.isEmpty && text.first?.isNumber == false
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 95
                    || (colon && $0 == 58)
            }
    }

    private static func sample(_ line: String) throws -> Sample {
        var rest = Substring(line)
        let name = String(rest.prefix { $0 != "{" && $0 != " " })
        guard isName(name, colon: true) else { throw Fault(line: line, reason: "a bad name") }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = String(rest.prefix { $0 != "=" })
                rest = rest.dropFirst(label.count)
                guard isName(label, colon: false), rest.hasPrefix("=\"") else {
                    throw Fault(line: line, reason: "a bad label")
                }
                rest = rest.dropFirst(2)
                guard labels.updateValue(try quoted(&rest, line), forKey: label) == nil else {
                    throw Fault(line: line, reason: "a label twice")
                }
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " " else { throw Fault(line: line, reason: "no value") }
        let words = ["+Inf": Double.infinity, "-Inf": -Double.infinity, "NaN": Double.nan]
        let word = String(rest.dropFirst())
        guard let value = words[word] ?? Double(word) else { throw Fault(line: line, reason: "a bad value") }
        return Sample(name: name, labels: labels, value: value)
    }

    /// The text up to the closing quote, which is dropped too.
    private static func quoted(_ rest: inout Substring, _ line: String) throws -> String {
        var result = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return result
            case "\\":
                switch rest.popFirst() {
                case "n": result.append("\n")
                case "\\": result.append("\\")
                case "\"": result.append("\"")
                default: throw Fault(line: line, reason: "an unknown escape")
                }
            default: result.append(character)
            }
        }
        throw Fault(line: line, reason: "a value that does not end")
    }
}
