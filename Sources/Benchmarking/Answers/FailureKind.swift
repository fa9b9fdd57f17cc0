internal import Shared

/// Why a request of a benchmark has no complete answer; such requests are counted by it.
package enum FailureKind: Error, Sendable, Hashable {
    /// No connection, or one that was lost before the answer's status came.
    case connect
    /// Another status than 200, with the code in the error's body if that has one.
    case http(status: Int, code: String?)
    /// An error event in the midst of a stream.
    case streamError
    /// A stream without a reason for its end, without usage, or one that is no stream of answer events.
    case incomplete
    /// No whole answer within the time for one request.
    case timeout

    /// The word for it in reports: `http_503/expert_unavailable`.
    package var name: String {
        switch self {
        case .connect: "connect"
        case .http(let status, let code): "http_\(status)" + (code.map { "/" + $0 } ?? "")
        case .streamError: "stream_error"
        case .incomplete: "incomplete"
        case .timeout: "timeout"
        }
    }

    /// The failure that a status other than 200 and its body are.
    package static func http(status: Int, body: [UInt8]) -> FailureKind {
        guard case .object(let object) = try? JSONParser.parse(body), case .object(let error) = object["error"],
            case .string(let code) = error["code"], isWord(code)
        else { return .http(status: status, code: nil) }
        return .http(status: status, code: code)
    }

    /// Codes go into reports and onto terminals: what is no short plain word stays out.
    private static func isWord(_ code: String) -> Bool {
        (1...64).contains(code.utf8.count)
            && code.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
