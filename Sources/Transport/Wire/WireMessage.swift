internal import Kernels

/// The frames of one message, put together and taken apart under the same rules on every link.
enum WireMessage {
    /// The frames to send: the header, and the tensor where the body has one.
    ///
    /// The header tells what the tensor's bytes add up to, so the tensor must not change any more. Throws for a header out
    /// of bounds, and for a tensor frame that is missing, needless or of the wrong size.
    static func frames(_ header: WireHeader, tensor: Frame?) throws(WireError) -> [Frame] {
        try check(header, tensor: tensor)
        let encoded = try header.encode(checksum: tensor.map { checksum(of: $0, request: header.request) })
        return if let tensor { [encoded, tensor] } else { [encoded] }
    }

    /// The same for a link on which no frame may be longer than `limit` bytes; throws `messageTooLarge` for one that is,
    /// for the peer would cut the connection.
    static func frames(_ header: WireHeader, tensor: Frame?, limit: Int) throws(TransportError) -> [Frame] {
        let frames: [Frame]
        do {
            frames = try self.frames(header, tensor: tensor)
        } catch {
            throw TransportError(error)
        }
        if let longest = frames.map(\.byteCount).max(), longest > limit {
            throw TransportError(
                .messageTooLarge,
                "a \(header.body.name) has a frame of \(longest) bytes; the limit is \(limit): send fewer rows at once",
            )
        }
        return frames
    }

    /// Reads a message that came as `frameCount` frames, of which `frames` holds the first ones.
    static func read(_ frames: [Frame], frameCount: Int) throws(WireError) -> (header: WireHeader, tensor: Frame?) {
        guard let first = frames.first, (1...2).contains(frameCount), frames.count >= frameCount else {
            throw WireError(
                .frameCount,
                "the message has \(frameCount) frames; 1 or 2, a header and at most one tensor, are expected",
            )
        }
        let (header, checksum) = try WireHeader.read(first)
        let tensor = frameCount == 2 ? frames[1] : nil
        do {
            try check(header, tensor: tensor)
            if let tensor { try check(header, checksum, of: tensor) }
        } catch {
            throw error.of(request: header.request)
        }
        return (header, tensor)
    }

    /// The tensor's checksum, begun with the number of the request, so that rows do not answer another question.
    private static func checksum(of tensor: Frame, request: UInt64) -> UInt32 {
        Checksum.crc32c(tensor.bytes, after: UInt32(truncatingIfNeeded: request ^ request >> 32))
    }

    /// Throws unless the tensor's bytes, whose number is right, are those that were sent.
    private static func check(_ header: WireHeader, _ checksum: UInt32?, of tensor: Frame) throws(WireError) {
        guard let checksum else {
            throw WireError(.checksum, "a \(header.body.name) has no checksum of its tensor frame; it needs one")
        }
        guard self.checksum(of: tensor, request: header.request) == checksum else {
            throw WireError(
                .checksum,
                "the tensor frame of a \(header.body.name) does not have the bytes that were sent; send it again",
            )
        }
    }

    private static func check(_ header: WireHeader, tensor: Frame?) throws(WireError) {
        switch (header.body, tensor) {
        case (.dispatch(let dispatch), .some(let tensor)): try dispatch.validate(tensorBytes: tensor.byteCount)
        case (.result(let result), .some(let tensor)): try result.validate(tensorBytes: tensor.byteCount)
        case (.dispatch, nil), (.result, nil):
            throw WireError(.frameCount, "a \(header.body.name) has no tensor frame; it needs one")
        case (_, nil): break
        case (_, .some):
            throw WireError(.frameCount, "a \(header.body.name) has a tensor frame; none belongs there")
        }
    }
}
