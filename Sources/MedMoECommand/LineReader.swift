internal import Foundation

/// Reads lines from a file that may have no end, and none longer than a bound.
struct LineReader {
    /// No line may be longer, in bytes.
    static let byteLimit = 16 << 20

    /// Number of the line that came last, counted from 1.
    private(set) var number = 0
    private let file: FileHandle
    private var bytes: [UInt8] = []
    private var place = 0
    private var isAtEnd = false

    /// Reads from this file on.
    init(_ file: FileHandle) {
        self.file = file
    }

    /// The next line without its end; nil when there is none.
    ///
    /// - Throws: `LineError` for a line that is too long, and the system's error for a file that cannot be read.
    mutating func next() throws -> [UInt8]? {
        var searched = place
        while true {
            if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { place = end + 1 }
                return try line(until: end)
            }
            guard !isAtEnd else {
                defer { place = bytes.count }
                return place < bytes.count ? try line(until: bytes.count) : nil
            }
            guard bytes.count - place <= Self.byteLimit else { throw tooLong(number + 1) }
            bytes.removeFirst(place)
            place = 0
            searched = bytes.count
            let more = try file.read(upToCount: 1 << 16) ?? Data()
            bytes += more
            isAtEnd = more.isEmpty
        }
    }

    private mutating func line(until end: Int) throws -> [UInt8] {
        number += 1
        guard end - place <= Self.byteLimit else { throw tooLong(number) }
        let line = bytes[place..<end]
        return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }

    private func tooLong(_ number: Int) -> LineError {
        LineError(number, "expected at most \(Self.byteLimit) bytes, and more came; cut the text into several lines")
    }
}

/// What is wrong with a line, for people.
struct LineError: Error, CustomStringConvertible {
    let description: String

    init(_ number: Int, _ message: String) {
        description = "line \(number): \(message)"
    }
}
