/// A message as the bytes of its frames and back, by the rules of every link: for those who carry or damage bytes.
package enum WireFrames {
    /// The frames of a message that is to be sent, not sealed yet but for a tensor that was sent before.
    package static func write(_ header: WireHeader, tensor: Frame?) throws(WireError) -> [Frame] {
        try WireMessage.frames(header, tensor: tensor)
    }

    /// The message that came as these frames, or what is wrong with it.
    package static func read(_ frames: [Frame]) throws(WireError) -> (header: WireHeader, tensor: Frame?) {
        for frame in frames { frame.seal() }
        return try WireMessage.read(frames, frameCount: frames.count)
    }
}
