internal import NIOCore
internal import NIOPosix
internal import Shared

/// Clients that make a server wait: some hang up while their prompt is read, some read slowly, some not at all.
enum SlowClients {
    /// So many clients at once, until `isOver`; returns how many could connect.
    static func run(_ count: Int, port: Int, body: [UInt8], isOver: @escaping @Sendable () -> Bool) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            for index in 0..<count {
                group.addTask { await one(index, port: port, body: body, isOver: isOver) }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    private static func one(
        _ index: Int,
        port: Int,
        body: [UInt8],
        isOver: @Sendable () -> Bool,
    ) async -> Bool {
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.autoRead, value: false).connectTimeout(.seconds(20))
        guard let channel = try? await bootstrap.connect(host: "127.0.0.1", port: port).get() else { return false }
        var request = channel.allocator.buffer(capacity: body.count + 256)
        request.writeString(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.count)\r\n\r\n"
        )
        request.writeBytes(body)
        try? await channel.writeAndFlush(request)
        if index % 3 == 0 {
            // Gone before its prompt can have been read.
            try? await Task.sleep(for: .milliseconds(index % 50))
        } else {
            while !isOver(), channel.isActive {
                if index % 3 == 1 { channel.read() }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
        try? await channel.close()
        return true
    }
}
