internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Shared
internal import Synchronization

/// What is asked of etcd, over the JSON gateway that each of its members has beside gRPC.
///
/// Members are asked in turn: one that does not answer is passed over, and the one that did is asked first next time.
package final class EtcdClient: Sendable {
    /// Bytes of an answer: etcd itself takes no request above 1.5 MiB.
    private static let byteLimit = 16 << 20
    /// Time for the beginning of an answer.
    private static let callTimeout = TimeAmount.seconds(5)
    /// A watch that is silent for so long is made anew: a cut network says nothing either.
    private static let quiet = TimeAmount.seconds(15)

    private let http: HTTPClient
    private let members: [String]
    private let credentials: EtcdCredentials?
    private let state = Mutex((member: 0, token: String?.none))

    private init(_ address: EtcdAddress, _ credentials: EtcdCredentials?, http: HTTPClient) {
        members = address.members
        self.credentials = credentials
        self.http = http
    }

    /// Opens a client for as long as `body` takes.
    package static func with<Value>(
        _ address: EtcdAddress,
        credentials: EtcdCredentials?,
        _ body: (EtcdClient) async throws -> Value,
    ) async throws -> Value {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: .seconds(2), read: quiet)
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let value = try await body(EtcdClient(address, credentials, http: http))
            try? await http.shutdown()
            return value
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    /// Calls a method and returns its answer; for one that streams, the first.
    ///
    /// - Throws: `unreachable` when no member answers, `refused` when one does with an error.
    func call(_ method: String, _ fields: [(String, JSONValue)]) async throws -> JSONObject {
        let response = try await open(method, fields)
        let buffer: ByteBuffer
        do {
            buffer = try await response.body.collect(upTo: Self.byteLimit)
        } catch {
            try Task.checkCancellation()
            throw MembershipError(.unreachable, "etcd broke off its answer to \(method) (\(error)).")
        }
        let line = buffer.readableBytesView.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first.map(Array.init)
        return try Self.object(line ?? [], method)
    }

    /// Waits for changes below a prefix since a revision and calls `onChange` for each bundle of them; returns when nothing
    /// was heard for some time, or when etcd ends the watch.
    func watch(_ prefix: String, from revision: Int, onChange: () async throws -> Void) async throws {
        let method = "watch"
        let range: [(String, JSONValue)] = [
            ("key", .etcd(prefix)), ("range_end", .etcd(Self.end(of: prefix))),
            ("start_revision", .string(String(revision))),
        ]
        let response = try await open(method, [("create_request", .object(JSONObject(range)))])
        var line: [UInt8] = []
        do {
            for try await chunk in response.body {
                for byte in chunk.readableBytesView {
                    guard byte == UInt8(ascii: "\n") else {
                        line.append(byte)
                        continue
                    }
                    let answer = try Self.object(line, method)
                    line.removeAll()
                    // Too old a revision, or no right to watch: what changed is read anew.
                    if answer["canceled"] == .bool(true) { return }
                    if answer["events"] != nil { try await onChange() }
                }
                guard line.count <= Self.byteLimit else {
                    throw MembershipError(.refused, "etcd announced a change of more than \(Self.byteLimit) bytes.")
                }
            }
        } catch let error as HTTPClientError where error == .readTimeout {
            return
        } catch let error as MembershipError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw MembershipError(.unreachable, "etcd broke off its watch (\(error)).")
        }
    }

    /// The first key after all that begin with a prefix.
    static func end(of prefix: String) -> String {
        var bytes = Array(prefix.utf8)
        if let last = bytes.indices.last { bytes[last] += 1 }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Sends a request to the first member that answers.
    private func open(_ method: String, _ fields: [(String, JSONValue)]) async throws -> HTTPClientResponse {
        let first = state.withLock { $0.member }
        var trouble = "no answer"
        for turn in 0..<members.count {
            let index = (first + turn) % members.count
            do {
                if credentials != nil, state.withLock({ $0.token }) == nil { try await logIn(at: members[index]) }
                var response = try await send(method, fields, to: members[index])
                if response.status == .unauthorized, credentials != nil {
                    try await logIn(at: members[index])
                    response = try await send(method, fields, to: members[index])
                }
                // A member without a leader does not know better than one that is away.
                guard response.status != .serviceUnavailable else {
                    trouble = "\(members[index]) has no leader"
                    continue
                }
                state.withLock { $0.member = index }
                guard response.status == .ok else {
                    throw MembershipError(.refused, try await Self.refusal(of: response, method))
                }
                return response
            } catch let error as MembershipError {
                throw error
            } catch {
                try Task.checkCancellation()
                trouble = "\(members[index]): \(error)"
            }
        }
        throw MembershipError(.unreachable, "etcd does not answer (\(trouble)).")
    }

    private func send(
        _ method: String,
        _ fields: [(String, JSONValue)],
        to member: String,
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: "\(member)/v3/\(method)")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        if let token = state.withLock({ $0.token }) { request.headers.add(name: "authorization", value: token) }
        request.body = .bytes(ByteBuffer(bytes: JSONText.bytes(.object(JSONObject(fields)))))
        return try await http.execute(request, timeout: Self.callTimeout)
    }

    private func logIn(at member: String) async throws {
        guard let credentials else { return }
        state.withLock { $0.token = nil }
        let response = try await send(
            "auth/authenticate",
            [("name", .string(credentials.user)), ("password", .string(credentials.password))],
            to: member,
        )
        let bytes = try await response.body.collect(upTo: 1 << 16).readableBytesView
        guard response.status == .ok,
            case .string(let token)? = try Self.object(Array(bytes), "auth/authenticate")["token"]
        else {
            throw MembershipError(
                .refused,
                "etcd does not take MEDMOE_ETCD_USER and MEDMOE_ETCD_PASSWORD; mend them."
            )
        }
        state.withLock { $0.token = token }
    }

    private static func refusal(of response: HTTPClientResponse, _ method: String) async throws -> String {
        let bytes = try await response.body.collect(upTo: 1 << 16).readableBytesView
        var words = "status \(response.status.code)"
        if case .object(let object)? = try? JSONParser.parse(Array(bytes)), case .string(let text)? = object["error"] {
            words = String(text.prefix(200))
        }
        return "etcd refuses \(method): \(words)."
    }

    private static func object(_ bytes: [UInt8], _ method: String) throws(MembershipError) -> JSONObject {
        guard case .object(let object)? = try? JSONParser.parse(bytes) else {
            throw MembershipError(.refused, "etcd answered \(method) with something that is no JSON object.")
        }
        if case .object(let result)? = object["result"] { return result }
        if case .object(let error)? = object["error"] {
            var words = "an error"
            if case .string(let text)? = error["message"] { words = String(text.prefix(200)) }
            throw MembershipError(.refused, "etcd refuses \(method): \(words).")
        }
        return object
    }
}

extension JSONValue {
    /// Bytes as etcd's gateway writes them.
    static func etcd(_ text: String) -> JSONValue { .string(Data(text.utf8).base64EncodedString()) }

    /// Bytes that etcd's gateway wrote.
    var etcdBytes: [UInt8]? {
        guard case .string(let text) = self else { return nil }
        return Data(base64Encoded: text).map { Array($0) }
    }

    /// A number that etcd's gateway wrote: 64 bits travel as text.
    var etcdInteger: Int? {
        switch self {
        case .string(let text): Int(text)
        case .integer(let number): number
        default: nil
        }
    }
}
