/// Reads pickles that hold lists, dictionaries, texts and numbers, of protocols 0x80 0x02 to 0x05.
///
/// A pickle is a program for a small machine. This one knows no instruction that names, makes or calls anything: a
/// pickle that asks for it is refused at that instruction. Everything is bounded by the bytes that are there.
struct PickleReader {
    /// Values in all.
    private static let valueLimit = 4_000_000
    /// Lists and dictionaries within each other.
    private static let depthLimit = 8

    private let bytes: [UInt8]
    private var place = 0
    private var stack: [Item] = []
    private var memo: [Int: PickleValue] = [:]
    private var values = 0

    private enum Item {
        case value(PickleValue)
        case mark
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The one value that the bytes hold.
    static func parse(_ bytes: [UInt8]) throws(EvaluationError) -> PickleValue {
        var reader = PickleReader(bytes)
        return try reader.run()
    }

    private mutating func run() throws(EvaluationError) -> PickleValue {
        guard try byte() == 0x80, (2...5).contains(try byte()) else { throw failure("a pickle of protocol 2 to 5") }
        while true {
            let start = place
            let code = try byte()
            if code == UInt8(ascii: ".") { break }
            guard try step(code) else {
                throw EvaluationError(
                    .unsupported,
                    "Expected a pickle of lists, dictionaries, texts and numbers only; byte \(start) asks for more, "
                        + "which is never done. Use the publisher's own file.",
                )
            }
        }
        guard stack.count == 1, case .value(let value) = stack[0], place == bytes.count else {
            throw failure("one value and the end of the file")
        }
        return value
    }

    /// Does one instruction; false for those that are not known here.
    private mutating func step(_ code: UInt8) throws(EvaluationError) -> Bool {
        switch code {
        case 0x95: _ = try unsigned(8)  // FRAME: how much to read at once, of no meaning to us
        case UInt8(ascii: "("): stack.append(.mark)
        case UInt8(ascii: "N"): try push(.none)
        case 0x88: try push(.bool(true))
        case 0x89: try push(.bool(false))
        case UInt8(ascii: "K"): try push(.integer(try unsigned(1)))
        case UInt8(ascii: "M"): try push(.integer(try unsigned(2)))
        case UInt8(ascii: "J"): try push(.integer(Int(Int32(truncatingIfNeeded: try unsigned(4)))))
        case 0x8A: try push(.integer(try long()))
        case UInt8(ascii: "G"): try push(.number(Double(bitPattern: try bigEndian())))
        case 0x8C, UInt8(ascii: "U"): try push(.text(try text(length: try unsigned(1))))
        case UInt8(ascii: "X"), UInt8(ascii: "T"): try push(.text(try text(length: try unsigned(4))))
        case 0x8D: try push(.text(try text(length: try unsigned(8))))
        case UInt8(ascii: "]"): try push(.list([]))
        case UInt8(ascii: "}"): try push(.dictionary([:]))
        case UInt8(ascii: "q"): try remember(at: try unsigned(1))
        case UInt8(ascii: "r"): try remember(at: try unsigned(4))
        case 0x94: try remember(at: memo.count)
        case UInt8(ascii: "h"): try recall(try unsigned(1))
        case UInt8(ascii: "j"): try recall(try unsigned(4))
        case UInt8(ascii: "a"): try append([try pop()])
        case UInt8(ascii: "e"): try append(try popToMark())
        case UInt8(ascii: "s"):
            let value = try pop()
            try set([try pop(), value])
        case UInt8(ascii: "u"): try set(try popToMark())
        default: return false
        }
        return true
    }

    private func failure(_ expectation: String) -> EvaluationError {
        EvaluationError(.invalidFile, "Expected \(expectation) at byte \(place) of the pickle; it is not there.")
    }

    private mutating func push(_ value: PickleValue) throws(EvaluationError) {
        values += 1
        guard values <= Self.valueLimit else { throw failure("at most \(Self.valueLimit) values") }
        stack.append(.value(value))
    }

    private mutating func pop() throws(EvaluationError) -> PickleValue {
        guard case .value(let value) = stack.popLast() else { throw failure("a value on the stack") }
        return value
    }

    private mutating func popToMark() throws(EvaluationError) -> [PickleValue] {
        var items: [PickleValue] = []
        while let item = stack.popLast() {
            guard case .value(let value) = item else { return items.reversed() }
            items.append(value)
        }
        throw failure("a mark on the stack")
    }

    private mutating func append(_ items: [PickleValue]) throws(EvaluationError) {
        guard case .list(var list) = try pop() else { throw failure("a list to add to") }
        list.append(contentsOf: items)
        try replace(.list(list), adding: items)
    }

    private mutating func set(_ items: [PickleValue]) throws(EvaluationError) {
        guard case .dictionary(var fields) = try pop(), items.count.isMultiple(of: 2) else {
            throw failure("a dictionary to add to, and keys with their values")
        }
        for index in stride(from: 0, to: items.count, by: 2) {
            guard case .text(let key) = items[index] else { throw failure("a text for a key") }
            fields[key] = items[index + 1]
        }
        try replace(.dictionary(fields), adding: items)
    }

    private mutating func replace(_ value: PickleValue, adding items: [PickleValue]) throws(EvaluationError) {
        guard items.allSatisfy({ Self.depth($0) < Self.depthLimit }) else {
            throw failure("at most \(Self.depthLimit) levels of nesting")
        }
        stack.append(.value(value))
    }

    /// Levels of lists and dictionaries; stops counting past the limit.
    private static func depth(_ value: PickleValue) -> Int {
        switch value {
        case .list(let items): 1 + (items.lazy.map(depth).max() ?? 0)
        case .dictionary(let fields): 1 + (fields.values.lazy.map(depth).max() ?? 0)
        default: 0
        }
    }

    /// Notes the value on top for a later `recall`; containers are noted as `none`, for they still grow.
    private mutating func remember(at index: Int) throws(EvaluationError) {
        guard case .value(let value) = stack.last else { throw failure("a value on the stack") }
        switch value {
        case .list, .dictionary: memo[index] = PickleValue.none
        default: memo[index] = value
        }
    }

    private mutating func recall(_ index: Int) throws(EvaluationError) {
        guard let value = memo[index], value != PickleValue.none else {
            throw failure("a text or a number that came before; a list or dictionary twice is not read")
        }
        try push(value)
    }
}

extension PickleReader {
    private mutating func byte() throws(EvaluationError) -> UInt8 {
        guard place < bytes.count else { throw failure("more bytes") }
        defer { place += 1 }
        return bytes[place]
    }

    /// A whole number of 1, 2, 4 or 8 bytes, the least one first; never negative.
    private mutating func unsigned(_ width: Int) throws(EvaluationError) -> Int {
        var value: UInt64 = 0
        for shift in 0..<width { value |= UInt64(try byte()) << UInt64(8 * shift) }
        guard let whole = Int(exactly: value) else { throw failure("a length within 63 bits") }
        return whole
    }

    /// A signed number of as many bytes as its first one says.
    private mutating func long() throws(EvaluationError) -> Int {
        let width = try unsigned(1)
        guard width <= 8 else { throw failure("a number of at most 64 bits") }
        var value: UInt64 = 0
        var top: UInt8 = 0
        for shift in 0..<width {
            top = try byte()
            value |= UInt64(top) << UInt64(8 * shift)
        }
        if top & 0x80 != 0, width < 8 { value |= UInt64.max << UInt64(8 * width) }
        return Int(Int64(bitPattern: value))
    }

    private mutating func bigEndian() throws(EvaluationError) -> UInt64 {
        var value: UInt64 = 0
        for _ in 0..<8 { value = value << 8 | UInt64(try byte()) }
        return value
    }

    private mutating func text(length: Int) throws(EvaluationError) -> String {
        guard length <= bytes.count - place else { throw failure("a text of \(length) bytes") }
        defer { place += length }
        guard let text = String(validating: bytes[place..<place + length], as: UTF8.self) else {
            throw failure("a text in UTF-8")
        }
        return text
    }
}
