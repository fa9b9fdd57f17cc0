internal import CExpertWire
internal import Shared

extension WireHeader {
    /// The header as a frame; throws for a field out of bounds, so that nothing is sent that would be refused.
    ///
    /// `checksum` is that of the tensor frame which follows a dispatch or a result.
    package func encode(checksum: UInt32? = nil) throws(WireError) -> Frame {
        try validate()
        var arena = MessageArena()
        var header = unsafe Medmoe__Expert__V1__Header()
        unsafe medmoe__expert__v1__header__init(&header)
        unsafe header.version = version
        unsafe header.request = request
        unsafe put(body, checksum: checksum, into: &header, arena: &arena)

        let size = unsafe medmoe__expert__v1__header__get_packed_size(&header)
        guard size <= WireLimits.headerBytes else {
            throw WireError(
                .headerTooLarge,
                "the header of a \(body.name) has \(size) bytes; the limit is \(WireLimits.headerBytes)",
            )
        }
        let frame: Frame
        do {
            frame = try Frame(byteCount: size)
        } catch {
            throw WireError(.outOfMemory, "no memory for a header of \(size) bytes")
        }
        unsafe frame.withUnsafeMutableBytes { bytes in
            _ = unsafe medmoe__expert__v1__header__pack(&header, bytes.baseAddress)
        }
        arena.free()
        return frame
    }

    private func put(
        _ body: WireBody,
        checksum: UInt32?,
        into header: inout Medmoe__Expert__V1__Header,
        arena: inout MessageArena,
    ) {
        switch body {
        case .hello(let hello):
            unsafe header.body_case = MEDMOE__EXPERT__V1__HEADER__BODY_HELLO
            unsafe header.hello = arena.store(message(for: hello, arena: &arena))
        case .dispatch(let dispatch):
            unsafe header.body_case = MEDMOE__EXPERT__V1__HEADER__BODY_DISPATCH
            unsafe header.dispatch = arena.store(message(for: dispatch, checksum, arena: &arena))
        case .result(let result):
            unsafe header.body_case = MEDMOE__EXPERT__V1__HEADER__BODY_RESULT
            unsafe header.result = arena.store(message(for: result, checksum, arena: &arena))
        case .fault(let fault):
            unsafe header.body_case = MEDMOE__EXPERT__V1__HEADER__BODY_FAULT
            unsafe header.fault = arena.store(message(for: fault, arena: &arena))
        case .heartbeat(let heartbeat):
            var message = unsafe Medmoe__Expert__V1__Heartbeat()
            unsafe medmoe__expert__v1__heartbeat__init(&message)
            unsafe message.incarnation = heartbeat.incarnation
            unsafe message.progress = heartbeat.progress
            unsafe message.queued_rows = UInt32(heartbeat.queuedRows)
            unsafe message.draining = heartbeat.draining ? 1 : 0
            unsafe header.body_case = MEDMOE__EXPERT__V1__HEADER__BODY_HEARTBEAT
            unsafe header.heartbeat = arena.store(message)
        case .goodbye(let goodbye):
            var message = unsafe Medmoe__Expert__V1__Goodbye()
            unsafe medmoe__expert__v1__goodbye__init(&message)
            unsafe message.reason = arena.store(text: goodbye.reason)
            unsafe header.body_case = MEDMOE__EXPERT__V1__HEADER__BODY_GOODBYE
            unsafe header.goodbye = arena.store(message)
        case .cancel:
            var message = unsafe Medmoe__Expert__V1__Cancel()
            unsafe medmoe__expert__v1__cancel__init(&message)
            unsafe header.body_case = MEDMOE__EXPERT__V1__HEADER__BODY_CANCEL
            unsafe header.cancel = arena.store(message)
        case .assign(let assign):
            unsafe header.body_case = MEDMOE__EXPERT__V1__HEADER__BODY_ASSIGN
            unsafe header.assign = arena.store(message(for: assign, arena: &arena))
        }
    }

    private func message(for assign: AssignMessage, arena: inout MessageArena) -> Medmoe__Expert__V1__Assign {
        var message = unsafe Medmoe__Expert__V1__Assign()
        unsafe medmoe__expert__v1__assign__init(&message)
        unsafe message.epoch = assign.epoch
        var experts: [UnsafeMutablePointer<Medmoe__Expert__V1__ExpertKey>?] = unsafe []
        for expert in assign.experts { unsafe experts.append(key(for: expert, arena: &arena)) }
        unsafe message.n_experts = experts.count
        unsafe message.experts = arena.store(pointers: experts)
        unsafe message.draining = assign.draining ? 1 : 0
        return unsafe message
    }

    private func stored(
        _ checksum: UInt32?,
        arena: inout MessageArena,
    ) -> UnsafeMutablePointer<Medmoe__Expert__V1__Checksum>? {
        guard let checksum else { return nil }
        var message = unsafe Medmoe__Expert__V1__Checksum()
        unsafe medmoe__expert__v1__checksum__init(&message)
        unsafe message.crc32c = checksum
        return unsafe arena.store(message)
    }

    private func message(for hello: HelloMessage, arena: inout MessageArena) -> Medmoe__Expert__V1__Hello {
        var message = unsafe Medmoe__Expert__V1__Hello()
        unsafe medmoe__expert__v1__hello__init(&message)
        unsafe message.sender = arena.store(text: hello.sender)
        unsafe message.incarnation = hello.incarnation
        unsafe message.role = hello.role.wireValue
        unsafe message.model_hash = arena.store(bytes: hello.modelHash?.bytes)
        unsafe message.hidden_size = UInt32(hello.hiddenSize)
        unsafe message.placement_epoch = hello.placementEpoch
        var experts: [UnsafeMutablePointer<Medmoe__Expert__V1__HostedExpert>?] = unsafe []
        for hosted in hello.experts {
            var entry = unsafe Medmoe__Expert__V1__HostedExpert()
            unsafe medmoe__expert__v1__hosted_expert__init(&entry)
            unsafe entry.expert = key(for: hosted.expert, arena: &arena)
            unsafe entry.weights_hash = arena.store(bytes: hosted.weightsHash?.bytes)
            unsafe experts.append(arena.store(entry))
        }
        unsafe message.n_experts = experts.count
        unsafe message.experts = arena.store(pointers: experts)
        unsafe message.numerics = arena.store(text: hello.numerics)
        unsafe message.software = arena.store(text: hello.software)
        unsafe message.maximum_message_bytes = hello.maximumMessageBytes
        unsafe message.draining = hello.draining ? 1 : 0
        return unsafe message
    }

    private func message(
        for dispatch: DispatchMessage,
        _ checksum: UInt32?,
        arena: inout MessageArena,
    ) -> Medmoe__Expert__V1__Dispatch {
        var message = unsafe Medmoe__Expert__V1__Dispatch()
        unsafe medmoe__expert__v1__dispatch__init(&message)
        unsafe message.n_groups = dispatch.groups.count
        unsafe message.groups = entries(for: dispatch.groups, arena: &arena)
        unsafe message.hidden_size = UInt32(dispatch.hiddenSize)
        unsafe message.dtype = dispatch.dtype.wireValue
        unsafe message.deadline_ms = dispatch.deadlineMilliseconds
        unsafe message.placement_epoch = dispatch.placementEpoch
        unsafe message.checksum = stored(checksum, arena: &arena)
        return unsafe message
    }

    private func message(
        for result: ResultMessage,
        _ checksum: UInt32?,
        arena: inout MessageArena,
    ) -> Medmoe__Expert__V1__Result {
        var message = unsafe Medmoe__Expert__V1__Result()
        unsafe medmoe__expert__v1__result__init(&message)
        unsafe message.n_groups = result.groups.count
        unsafe message.groups = entries(for: result.groups, arena: &arena)
        unsafe message.hidden_size = UInt32(result.hiddenSize)
        unsafe message.dtype = result.dtype.wireValue
        unsafe message.queue_microseconds = result.queueMicroseconds
        unsafe message.compute_microseconds = result.computeMicroseconds
        unsafe message.placement_epoch = result.placementEpoch
        unsafe message.checksum = stored(checksum, arena: &arena)
        return unsafe message
    }

    private func message(for fault: FaultMessage, arena: inout MessageArena) -> Medmoe__Expert__V1__Fault {
        var message = unsafe Medmoe__Expert__V1__Fault()
        unsafe medmoe__expert__v1__fault__init(&message)
        unsafe message.code = fault.code.wireValue
        unsafe message.message = arena.store(text: fault.message)
        if let expert = fault.expert { unsafe message.expert = key(for: expert, arena: &arena) }
        unsafe message.retryable = fault.retryable ? 1 : 0
        unsafe message.placement_epoch = fault.placementEpoch
        return unsafe message
    }

    private func entries(
        for groups: [RowGroup],
        arena: inout MessageArena,
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Medmoe__Expert__V1__RowGroup>?> {
        var entries: [UnsafeMutablePointer<Medmoe__Expert__V1__RowGroup>?] = unsafe []
        for group in groups {
            var entry = unsafe Medmoe__Expert__V1__RowGroup()
            unsafe medmoe__expert__v1__row_group__init(&entry)
            unsafe entry.expert = key(for: group.expert, arena: &arena)
            unsafe entry.rows = UInt32(group.rows)
            unsafe entry.weights_hash = arena.store(bytes: group.weightsHash?.bytes)
            unsafe entries.append(arena.store(entry))
        }
        return unsafe arena.store(pointers: entries)
    }

    private func key(
        for expert: ExpertID,
        arena: inout MessageArena,
    ) -> UnsafeMutablePointer<Medmoe__Expert__V1__ExpertKey> {
        var key = unsafe Medmoe__Expert__V1__ExpertKey()
        unsafe medmoe__expert__v1__expert_key__init(&key)
        unsafe key.layer = UInt32(expert.layer)
        switch expert.slot {
        case .routed(let index): unsafe key.index = UInt32(index)
        case .meta: unsafe key.meta = 1
        }
        return unsafe arena.store(key)
    }
}
