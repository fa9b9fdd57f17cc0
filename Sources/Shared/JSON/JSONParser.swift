/// Reads a JSON document from bytes that nobody vouches for: bounded in depth and in number of values.
package struct JSONParser {
    /// Why and where the bytes are not such a document.
    package struct Failure: Error, Equatable {
        /// What was expected there.
        package let expectation: String
        /// Offset into the bytes.
        package let offset: Int
    }

    /// Lists and objects within each other.
    static let depthLimit = 32
    /// Values in all; the largest published headers have a few ten thousand.
    static let valueLimit = 4_000_000

    private let bytes: [UInt8]
    private var place = 0
    private var values = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The one value that the bytes hold.
    package static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.place == bytes.count else { throw parser.failure("the end of the document") }
        return value
    }

    private var current: UInt8? { place < bytes.count ? bytes[place] : nil }

    private func failure(_ expectation: String) -> Failure {
        Failure(expectation: expectation, offset: place)
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
    }

    /// Steps over a byte if it comes next, after white space.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard current == byte else { return false }
        place += 1
        return true
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        skipSpace()
        values += 1
        guard depth <= Self.depthLimit else { throw failure("at most \(Self.depthLimit) levels of nesting") }
        guard values <= Self.valueLimit else { throw failure("at most \(Self.valueLimit) values") }
        switch current {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        guard bytes[place...].starts(with: text.utf8) else { throw failure("a JSON value") }
        place += text.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONObject {
        place += 1
        var result = JSONObject()
        if take(UInt8(ascii: "}")) { return result }
        repeat {
            skipSpace()
            let start = place
            guard current == UInt8(ascii: "\"") else { throw failure("a member's name in quotes") }
            let name = try string()
            guard take(UInt8(ascii: ":")) else { throw failure("a colon") }
            let value = try value(depth: depth + 1)
            guard result.add(name, value) else {
                let word = CheckpointError.quotable(name)
                throw Failure(expectation: "each name once, but \"\(word)\" comes again", offset: start)
            }
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw failure("a comma or a closing brace") }
        return result
    }

    private mutating func array(depth: Int) throws(Failure) -> [JSONValue] {
        place += 1
        var result: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return result }
        repeat { result.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw failure("a comma or a closing bracket") }
        return result
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = place
        if current == UInt8(ascii: "-") { place += 1 }
        let whole = digits()
        // No leading zeros: JSON knows neither 007 nor an octal number.
        guard whole > 0, whole == 1 || bytes[place - whole] != UInt8(ascii: "0") else {
            place = start
            throw failure("a JSON value")
        }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            place += 1
            guard digits() > 0 else { throw failure("a digit after the point") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            place += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { place += 1 }
            guard digits() > 0 else { throw failure("a digit in the exponent") }
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            place = start
            throw failure("a number within the range of a double")
        }
        return .number(value)
    }

    /// Steps over digits and counts them.
    private mutating func digits() -> Int {
        let start = place
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        return place - start
    }
}

extension JSONParser {
    private mutating func string() throws(Failure) -> String {
        let start = place
        place += 1
        var text: [UInt8] = []
        while let byte = current {
            place += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else {
                    throw Failure(expectation: "a string in UTF-8", offset: start)
                }
                return result
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw Failure(expectation: "an escaped control character", offset: place - 1)
            default: text.append(byte)
            }
        }
        throw Failure(expectation: "a string that ends", offset: start)
    }

    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        guard let byte = current else { throw failure("an escaped character") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: try scalar().utf8)
        default: throw Failure(expectation: "an escape of JSON", offset: place - 1)
        }
    }

    /// The character of `\uXXXX`, of which two make one beyond the first plane.
    private mutating func scalar() throws(Failure) -> String {
        let start = place
        let first = try codeUnit()
        var units = [first]
        if UTF16.isLeadSurrogate(first), current == UInt8(ascii: "\\") {
            place += 1
            guard current == UInt8(ascii: "u") else { throw failure("the other half of a surrogate pair") }
            place += 1
            units.append(try codeUnit())
        }
        guard let text = String(validating: units, as: UTF16.self) else {
            throw Failure(expectation: "a surrogate pair", offset: start)
        }
        return text
    }

    private mutating func codeUnit() throws(Failure) -> UInt16 {
        let end = place + 4
        guard end <= bytes.count, bytes[place..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: bytes[place..<end], as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits") }
        place = end
        return unit
    }
}
