internal import CExpertWire
internal import Shared

extension WireHeader {
    /// Reads a header frame from outside; throws a `WireError` for everything that is not a sound header.
    ///
    /// The frame's length is checked before it is parsed, so that what the parser allocates is bounded too: some 70
    /// times the frame at worst, given back before this returns.
    package static func decode(_ frame: Frame) throws(WireError) -> WireHeader { try read(frame).header }

    /// The same, with what a dispatch or a result says that its tensor frame adds up to.
    static func read(_ frame: Frame) throws(WireError) -> (header: WireHeader, checksum: UInt32?) {
        guard frame.byteCount > 0 else {
            throw WireError(.emptyHeader, "the header frame has no bytes")
        }
        guard frame.byteCount <= WireLimits.headerBytes else {
            throw WireError(
                .headerTooLarge,
                "the header frame has \(frame.byteCount) bytes; the limit is \(WireLimits.headerBytes)",
            )
        }
        let unpacked = unsafe frame.bytes.withUnsafeBytes { bytes in
            unsafe medmoe__expert__v1__header__unpack(
                nil,
                bytes.count,
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
            )
        }
        guard let unpacked = unsafe unpacked else {
            throw WireError(.unreadable, "the header frame of \(frame.byteCount) bytes is not a protobuf Header")
        }
        defer { unsafe medmoe__expert__v1__header__free_unpacked(unpacked, nil) }

        let version = unsafe unpacked.pointee.version
        guard version == currentVersion else {
            throw WireError(
                .unsupportedVersion,
                "the header has protocol version \(version); this process speaks version \(currentVersion) only",
            )
        }
        let request = unsafe unpacked.pointee.request
        do {
            let header = WireHeader(request: request, body: try unsafe WireBody(reading: unpacked.pointee))
            try header.validate()
            return (header, unsafe checksum(in: unpacked.pointee))
        } catch {
            // Whoever waits for an answer to this number hears why there is none.
            throw error.of(request: request)
        }
    }

    private static func checksum(in header: Medmoe__Expert__V1__Header) -> UInt32? {
        switch unsafe header.body_case {
        case MEDMOE__EXPERT__V1__HEADER__BODY_DISPATCH: unsafe header.dispatch?.pointee.checksum?.pointee.crc32c
        case MEDMOE__EXPERT__V1__HEADER__BODY_RESULT: unsafe header.result?.pointee.checksum?.pointee.crc32c
        default: nil
        }
    }
}

extension WireBody {
    init(reading header: Medmoe__Expert__V1__Header) throws(WireError) {
        switch unsafe header.body_case {
        case MEDMOE__EXPERT__V1__HEADER__BODY_HELLO:
            self = .hello(try unsafe HelloMessage(reading: present(header.hello, "hello").pointee))
        case MEDMOE__EXPERT__V1__HEADER__BODY_DISPATCH:
            self = .dispatch(try unsafe DispatchMessage(reading: present(header.dispatch, "dispatch").pointee))
        case MEDMOE__EXPERT__V1__HEADER__BODY_RESULT:
            self = .result(try unsafe ResultMessage(reading: present(header.result, "result").pointee))
        case MEDMOE__EXPERT__V1__HEADER__BODY_FAULT:
            self = .fault(try unsafe FaultMessage(reading: present(header.fault, "fault").pointee))
        case MEDMOE__EXPERT__V1__HEADER__BODY_HEARTBEAT:
            let message = try unsafe present(header.heartbeat, "heartbeat")
            self = .heartbeat(
                HeartbeatMessage(
                    incarnation: unsafe message.pointee.incarnation,
                    progress: unsafe message.pointee.progress,
                    queuedRows: unsafe Int(message.pointee.queued_rows),
                    draining: unsafe message.pointee.draining != 0,
                )
            )
        case MEDMOE__EXPERT__V1__HEADER__BODY_GOODBYE:
            let message = try unsafe present(header.goodbye, "goodbye")
            let reason = try unsafe readText(message.pointee.reason, "goodbye.reason")
            try WireText.check(reason, field: "goodbye.reason")
            self = .goodbye(GoodbyeMessage(reason: reason))
        case MEDMOE__EXPERT__V1__HEADER__BODY_CANCEL:
            self = .cancel
        case MEDMOE__EXPERT__V1__HEADER__BODY_ASSIGN:
            self = .assign(try unsafe AssignMessage(reading: present(header.assign, "assign").pointee))
        default:
            throw WireError(.missingBody, "the header has no body that this version of the protocol knows")
        }
    }
}

extension HelloMessage {
    fileprivate init(reading message: Medmoe__Expert__V1__Hello) throws(WireError) {
        let count = unsafe message.n_experts
        guard count <= WireLimits.experts else {
            throw WireError(.limitExceeded, "hello has \(count) experts; the limit is \(WireLimits.experts)")
        }
        guard let role = unsafe PeerRole(wireValue: message.role) else {
            throw WireError(.invalidField, "hello.role is \(unsafe message.role.rawValue), which names no role")
        }
        var experts: [HostedExpert] = []
        experts.reserveCapacity(count)
        for index in 0..<count {
            let entry = try unsafe present(message.experts[index], "hello.experts")
            experts.append(
                HostedExpert(
                    expert: try unsafe ExpertID(reading: entry.pointee.expert, "hello.experts"),
                    weightsHash: try unsafe readHash(entry.pointee.weights_hash, "hello.experts.weights_hash"),
                )
            )
        }
        self.init(
            sender: try unsafe readText(message.sender, "hello.sender"),
            incarnation: unsafe message.incarnation,
            role: role,
            modelHash: try unsafe readHash(message.model_hash, "hello.model_hash"),
            hiddenSize: unsafe Int(message.hidden_size),
            placementEpoch: unsafe message.placement_epoch,
            experts: experts,
            numerics: try unsafe readText(message.numerics, "hello.numerics"),
            software: try unsafe readText(message.software, "hello.software"),
            maximumMessageBytes: unsafe message.maximum_message_bytes,
            draining: unsafe message.draining != 0,
        )
    }
}

extension DispatchMessage {
    fileprivate init(reading message: Medmoe__Expert__V1__Dispatch) throws(WireError) {
        self.init(
            groups: try unsafe readGroups(message.groups, count: message.n_groups, in: "dispatch"),
            hiddenSize: unsafe Int(message.hidden_size),
            dtype: try unsafe WireDType(reading: message.dtype, in: "dispatch"),
            deadlineMilliseconds: unsafe message.deadline_ms,
            placementEpoch: unsafe message.placement_epoch,
        )
    }
}

extension ResultMessage {
    fileprivate init(reading message: Medmoe__Expert__V1__Result) throws(WireError) {
        self.init(
            groups: try unsafe readGroups(message.groups, count: message.n_groups, in: "result"),
            hiddenSize: unsafe Int(message.hidden_size),
            dtype: try unsafe WireDType(reading: message.dtype, in: "result"),
            queueMicroseconds: unsafe message.queue_microseconds,
            computeMicroseconds: unsafe message.compute_microseconds,
            placementEpoch: unsafe message.placement_epoch,
        )
    }
}

extension AssignMessage {
    fileprivate init(reading message: Medmoe__Expert__V1__Assign) throws(WireError) {
        let count = unsafe message.n_experts
        guard count <= WireLimits.experts else {
            throw WireError(.limitExceeded, "assign has \(count) experts; the limit is \(WireLimits.experts)")
        }
        var experts: [ExpertID] = []
        experts.reserveCapacity(count)
        for index in 0..<count {
            experts.append(try unsafe ExpertID(reading: message.experts[index], "assign.experts"))
        }
        self.init(epoch: unsafe message.epoch, experts: experts, draining: unsafe message.draining != 0)
    }
}

extension FaultMessage {
    fileprivate init(reading message: Medmoe__Expert__V1__Fault) throws(WireError) {
        guard let code = unsafe FaultCode(wireValue: message.code) else {
            throw WireError(.invalidField, "fault.code is \(unsafe message.code.rawValue), which names no fault")
        }
        // Checked before the initialiser, which would clip it: a peer that breaks the rule is told so.
        let sentence = try unsafe readText(message.message, "fault.message")
        try WireText.check(sentence, field: "fault.message")
        let expert: ExpertID? =
            if let key = unsafe message.expert { try unsafe ExpertID(reading: key, "fault.expert") } else { nil }
        self.init(
            code: code,
            message: sentence,
            expert: expert,
            retryable: unsafe message.retryable != 0,
            placementEpoch: unsafe message.placement_epoch,
        )
    }
}

extension WireDType {
    fileprivate init(reading value: Medmoe__Expert__V1__DType, in body: String) throws(WireError) {
        guard let dtype = WireDType(wireValue: value) else {
            // 0 is a field that was forgotten, not a type of the future.
            throw WireError(
                value.rawValue == 0 ? .invalidField : .unknownElementType,
                "\(body).dtype is \(value.rawValue), which names no element type known here",
            )
        }
        self = dtype
    }
}

extension ExpertID {
    fileprivate init(
        reading pointer: UnsafeMutablePointer<Medmoe__Expert__V1__ExpertKey>?,
        _ field: String,
    ) throws(WireError) {
        let key = try unsafe present(pointer, field + ".expert").pointee
        guard unsafe key.meta != 0 else {
            self.init(layer: unsafe Int(key.layer), slot: .routed(unsafe Int(key.index)))
            return
        }
        guard unsafe key.index == 0 else {
            throw WireError(.invalidField, "\(field) has a meta expert with index \(unsafe key.index); 0 is expected")
        }
        self.init(layer: unsafe Int(key.layer), slot: .meta)
    }
}

private func present<Value>(
    _ pointer: UnsafeMutablePointer<Value>?,
    _ field: String,
) throws(WireError) -> UnsafeMutablePointer<Value> {
    guard let pointer = unsafe pointer else { throw WireError(.invalidField, "\(field) is missing") }
    return unsafe pointer
}

private func readText(_ pointer: UnsafeMutablePointer<CChar>?, _ field: String) throws(WireError) -> String {
    guard let pointer = unsafe pointer else { return "" }
    guard let text = unsafe String(validatingCString: pointer) else {
        throw WireError(.invalidField, "\(field) is not UTF-8")
    }
    return text
}

private func readHash(_ data: ProtobufCBinaryData, _ field: String) throws(WireError) -> WeightsHash? {
    guard unsafe data.len > 0 else { return nil }
    guard unsafe data.len == 32, let start = unsafe data.data else {
        throw WireError(.invalidField, "\(field) has \(unsafe data.len) bytes; 0 or 32 is expected")
    }
    return WeightsHash(bytes: unsafe Array(UnsafeBufferPointer(start: start, count: data.len)))
}

private func readGroups(
    _ entries: UnsafeMutablePointer<UnsafeMutablePointer<Medmoe__Expert__V1__RowGroup>?>?,
    count: Int,
    in body: String,
) throws(WireError) -> [RowGroup] {
    guard count <= WireLimits.groups else {
        throw WireError(.limitExceeded, "a \(body) has \(count) row groups; the limit is \(WireLimits.groups)")
    }
    guard let entries = unsafe entries else { return [] }
    var groups: [RowGroup] = []
    groups.reserveCapacity(count)
    for index in 0..<count {
        let entry = try unsafe present(entries[index], body + ".groups")
        groups.append(
            RowGroup(
                expert: try unsafe ExpertID(reading: entry.pointee.expert, body + ".groups"),
                rows: unsafe Int(entry.pointee.rows),
                weightsHash: try unsafe readHash(entry.pointee.weights_hash, body + ".groups.weights_hash"),
            )
        )
    }
    return groups
}
