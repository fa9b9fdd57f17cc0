internal import Foundation
internal import Glibc

/// Sits between a router and a node on the loopback, keeps what the router sent, and can send it again.
///
/// It has no thread: whoever waits calls `step`.
final class RecordingProxy {
    struct Failure: Error { let what: String }

    let endpoint: String
    /// What routers sent, connection by connection, read by read.
    private(set) var recorded: [[[UInt8]]] = []
    private var pairs: [(router: Int32, node: Int32)] = []
    private let server: Int32
    private let target: UInt16

    init(to endpoint: String) throws {
        guard let port = endpoint.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw Failure(what: "no port in \(endpoint)")
        }
        target = port
        let socket = try Self.makeSocket()
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(socket, generic, length) == 0 && listen(socket, 8) == 0
                    && getsockname(socket, generic, &length) == 0
            }
        }
        guard bound else { throw Failure(what: "cannot listen: \(errno)") }
        Self.unblock(socket)
        server = socket
        self.endpoint = "tcp://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    }

    deinit {
        for pair in pairs {
            close(pair.router)
            close(pair.node)
        }
        close(server)
    }

    /// Takes in who connects, and carries what is there.
    func step() throws {
        let router = accept(server, nil, nil)
        if router >= 0 {
            Self.unblock(router)
            pairs.append((router, try connect()))
            recorded.append([])
        }
        for index in pairs.indices where pairs[index].router >= 0 {
            let (router, node) = pairs[index]
            let isOpen = carry(from: router, to: node, keepAs: index) && carry(from: node, to: router, keepAs: nil)
            if !isOpen {
                close(router)
                close(node)
                pairs[index] = (-1, -1)
            }
        }
    }

    /// Sends bytes to the node once more, within the newest connection.
    func inject(_ bytes: [UInt8]) throws {
        guard let node = pairs.last?.node, node >= 0 else { throw Failure(what: "no connection") }
        try Self.sendAll(bytes, to: node)
    }

    /// A new connection to the node that says what an earlier one said; the node's answers are not looked at.
    func replay(connection index: Int) throws -> Int32 {
        let node = try connect()
        for bytes in recorded[index] { try Self.sendAll(bytes, to: node) }
        return node
    }

    private func carry(from source: Int32, to target: Int32, keepAs index: Int?) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(source, &buffer, buffer.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        guard count > 0 else { return false }
        let bytes = Array(buffer.prefix(count))
        if let index { recorded[index].append(bytes) }
        return (try? Self.sendAll(bytes, to: target)) != nil
    }

    private func connect() throws -> Int32 {
        let node = try Self.makeSocket()
        var address = Self.loopback(port: target)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe Glibc.connect(node, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(what: "cannot connect: \(errno)") }
        Self.unblock(node)
        return node
    }

    private static func makeSocket() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(what: "no socket: \(errno)") }
        return descriptor
    }

    private static func unblock(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }

    private static func sendAll(_ bytes: [UInt8], to descriptor: Int32) throws {
        // What tests send fits the socket's buffer.
        let sent = unsafe send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        guard sent == bytes.count else { throw Failure(what: "sent \(sent) of \(bytes.count) bytes: \(errno)") }
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
