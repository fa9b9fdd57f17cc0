/// The header of a NumPy array: a Python dictionary of three known members, and nothing else.
struct NumPyHeader: Equatable {
    /// The element type, such as `|u1`.
    var type = ""
    /// Whether the first index runs fastest.
    var isFortranOrder = false
    /// Length of each dimension.
    var shape: [Int] = []

    /// Reads the header's text; nil unless it holds all three members in their form.
    init?(_ text: String) {
        var rest = Substring(text)
        func skip() { rest = rest.drop { $0.isWhitespace } }
        func take(_ word: String) -> Bool {
            skip()
            guard rest.hasPrefix(word) else { return false }
            rest = rest.dropFirst(word.count)
            return true
        }
        func quoted() -> String? {
            guard take("'"), let end = rest.firstIndex(of: "'") else { return nil }
            defer { rest = rest[rest.index(after: end)...] }
            return String(rest[..<end])
        }
        var seen: Set<String> = []
        guard take("{") else { return nil }
        while !take("}") {
            guard let name = quoted(), seen.insert(name).inserted, take(":") else { return nil }
            switch name {
            case "descr":
                guard let type = quoted() else { return nil }
                self.type = type
            case "fortran_order":
                guard take("True") || rest.hasPrefix("False") else { return nil }
                isFortranOrder = !take("False")
            case "shape":
                guard take("(") else { return nil }
                while !take(")") {
                    skip()
                    let digits = rest.prefix { $0.isASCII && $0.isNumber }
                    guard let length = Int(digits), shape.count < 8 else { return nil }
                    shape.append(length)
                    rest = rest.dropFirst(digits.count)
                    guard take(",") || rest.hasPrefix(")") else { return nil }
                }
            default: return nil
            }
            guard take(",") || rest.hasPrefix("}") else { return nil }
        }
        guard seen.count == 3 else { return nil }
    }
}
