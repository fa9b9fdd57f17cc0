/// ZeroMQ's question whether the holder of a key may connect, by the protocol ZAP 1.0.
struct ZAPRequest: Equatable {
    /// Frames that a question has at most, the envelope among them; more are not kept.
    static let frameLimit = 16

    /// The envelope by which the answer finds its way.
    let envelope: [[UInt8]]
    /// The question's number.
    let number: [UInt8]
    /// The key, nil where the question is about anything else than a CURVE key in our domain.
    let key: CurvePublicKey?

    /// Reads the frames as a ROUTER socket gives them: peer, delimiter, version, number, domain, address, routing id,
    /// mechanism, credentials; nil for what cannot even be answered.
    init?(_ frames: [[UInt8]]) {
        guard frames.count >= 8, frames[1].isEmpty, frames[2] == Array("1.0".utf8) else { return nil }
        envelope = [frames[0], frames[1]]
        number = frames[3]
        let isOurs = frames[4] == Array(SocketSecurity.domain.utf8) && frames[7] == Array("CURVE".utf8)
        key = isOurs && frames.count == 9 ? CurvePublicKey(bytes: frames[8]) : nil
    }

    /// The frames of the answer; the key of one who is let in becomes the user id of its messages.
    func answer(admits: Bool) -> [[UInt8]] {
        let isIn = admits && key != nil
        let words = isIn ? ["200", "OK", key?.text ?? ""] : ["400", "the key is not on the allow-list", ""]
        return envelope + [Array("1.0".utf8), number] + words.map { Array($0.utf8) } + [[]]
    }
}
