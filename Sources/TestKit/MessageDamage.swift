internal import Kernels
internal import Transport

/// Does to the bytes of a message what a bad network, a broken peer or a liar would do.
enum MessageDamage {
    /// The frames of a message after damage of one kind; kinds that leave bytes alone give them as they are.
    static func frames(
        _ header: WireHeader,
        _ tensor: Frame?,
        kind: FaultPlan.Kind,
        plan: inout FaultPlan,
    ) throws(WireError) -> [Frame] {
        switch kind {
        case .reshape: return try reshaped(header, tensor, plan: &plan)
        case .notANumber: return try withoutNumber(header, tensor, plan: &plan)
        default: break
        }
        var parts = try WireFrames.write(header, tensor: tensor).map { $0.copyBytes() }
        let last = parts.count - 1
        switch kind {
        case .truncate:
            let which = plan.draw(below: parts.count)
            parts[which].removeLast(min(parts[which].count, 1 + plan.draw(below: parts[which].count)))
        case .corruptHeader: flip(&parts[0], plan: &plan)
        case .corruptTensor: flip(&parts[last], plan: &plan)
        case .oversize:
            // A header beyond its bound, or rows that nobody announced.
            let surplus = parts.count == 1 ? WireLimits.headerBytes : 4 * (1 + plan.draw(below: 64))
            parts[last] += [UInt8](repeating: 0x55, count: surplus)
        default: break
        }
        return try frames(of: parts)
    }

    private static func flip(_ bytes: inout [UInt8], plan: inout FaultPlan) {
        guard !bytes.isEmpty else { return }
        bytes[plan.draw(below: bytes.count)] ^= 1 << UInt8(plan.draw(below: 8))
    }

    /// One row more or less, or rows of another size: frames that are sound and fit each other.
    private static func reshaped(
        _ header: WireHeader,
        _ tensor: Frame?,
        plan: inout FaultPlan,
    ) throws(WireError) -> [Frame] {
        var header = header
        let choice = plan.draw(below: 3)
        func change(_ groups: inout [RowGroup], _ hiddenSize: inout Int) {
            switch choice {
            case 0: groups[0].rows += 1
            case 1 where groups[0].rows > 1: groups[0].rows -= 1
            default: hiddenSize += 1
            }
        }
        let byteCount: Int
        switch header.body {
        case .dispatch(var message):
            change(&message.groups, &message.hiddenSize)
            header.body = .dispatch(message)
            byteCount = try message.tensorByteCount()
        case .result(var message):
            change(&message.groups, &message.hiddenSize)
            header.body = .result(message)
            byteCount = try message.tensorByteCount()
        default: return try WireFrames.write(header, tensor: tensor)
        }
        var bytes = tensor?.copyBytes() ?? []
        bytes = Array(bytes.prefix(byteCount)) + [UInt8](repeating: 0, count: max(0, byteCount - bytes.count))
        return try WireFrames.write(header, tensor: frames(of: [bytes])[0])
    }

    /// A sound message of which one number is none, as a node with broken weights or memory would send it.
    private static func withoutNumber(
        _ header: WireHeader,
        _ tensor: Frame?,
        plan: inout FaultPlan,
    ) throws(WireError) -> [Frame] {
        guard let tensor else { return try WireFrames.write(header, tensor: nil) }
        let dtype: WireDType
        switch header.body {
        case .dispatch(let message): dtype = message.dtype
        case .result(let message): dtype = message.dtype
        default: return try WireFrames.write(header, tensor: tensor)
        }
        var bytes = tensor.copyBytes()
        let start = plan.draw(below: bytes.count / dtype.size) * dtype.size
        // All ones: no number in each of the element types.
        for index in start..<min(bytes.count, start + dtype.size) { bytes[index] = 0xFF }
        return try WireFrames.write(header, tensor: frames(of: [bytes])[0])
    }

    private static func frames(of parts: [[UInt8]]) throws(WireError) -> [Frame] {
        var frames: [Frame] = []
        for part in parts {
            do { frames.append(try Frame(copying: part)) } catch {
                throw WireError(.outOfMemory, "there is no memory for a frame of \(part.count) bytes")
            }
        }
        return frames
    }
}
