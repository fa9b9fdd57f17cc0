internal import Shared
internal import Transport

/// One header of every body, with every field set to something that is not its default.
enum Samples {
    static let hashA = WeightsHash(bytes: (0..<32).map { UInt8($0 + 1) })
    static let hashB = WeightsHash(bytes: (0..<32).map { UInt8(255 - $0) })

    static let hello = HelloMessage(
        sender: "node-3.example",
        incarnation: .max,
        role: .expertNode,
        modelHash: hashA,
        hiddenSize: 65_536,
        placementEpoch: 7,
        experts: [
            HostedExpert(expert: ExpertID(layer: 0, slot: .routed(0)), weightsHash: nil),
            HostedExpert(expert: ExpertID(layer: 31, slot: .routed(3)), weightsHash: hashA),
            HostedExpert(expert: ExpertID(layer: 65_535, slot: .meta), weightsHash: hashB),
        ],
        numerics: "float32, k in order, AVX2 · ä",
        software: "medmoe 0.1",
        maximumMessageBytes: 64 << 20,
        draining: true,
    )

    static let dispatch = DispatchMessage(
        groups: [
            RowGroup(expert: ExpertID(layer: 4, slot: .routed(2)), rows: 3, weightsHash: hashB),
            RowGroup(expert: ExpertID(layer: 4, slot: .meta), rows: 1),
        ],
        hiddenSize: 8,
        dtype: .float32,
        deadlineMilliseconds: 86_400_000,
        placementEpoch: 9,
    )

    static let result = ResultMessage(
        groups: dispatch.groups,
        hiddenSize: 8,
        dtype: .bfloat16,
        queueMicroseconds: 1 << 40,
        computeMicroseconds: 12,
        placementEpoch: 3,
    )

    static let fault = FaultMessage(
        code: .stalePlacement,
        message: "expert 4.2 is not here",
        expert: ExpertID(layer: 4, slot: .routed(2)),
        retryable: true,
        placementEpoch: 11,
    )

    static let headers: [WireHeader] =
        [
            WireHeader(body: .hello(hello)),
            WireHeader(request: 1, body: .dispatch(dispatch)),
            WireHeader(request: .max, body: .result(result)),
            WireHeader(request: 5, body: .fault(fault)),
            WireHeader(
                body: .fault(FaultMessage(code: .busy, message: "", retryable: false, placementEpoch: 0))
            ),
            WireHeader(
                body: .heartbeat(
                    HeartbeatMessage(incarnation: 3, progress: 1 << 50, queuedRows: Int(UInt32.max), draining: true)
                )
            ),
            WireHeader(body: .goodbye(GoodbyeMessage(reason: "drained"))),
            WireHeader(request: 77, body: .cancel),
            WireHeader(
                body: .assign(
                    AssignMessage(
                        epoch: 1 << 60,
                        experts: [ExpertID(layer: 3, slot: .meta), ExpertID(layer: 0, slot: .routed(2))],
                        draining: true,
                    )
                )
            ),
            WireHeader(request: 4, body: .assign(AssignMessage(epoch: 2, experts: []))),
        ]

    static let heartbeat = WireHeader(body: .heartbeat(HeartbeatMessage(incarnation: 1, progress: 0, queuedRows: 0)))

    /// A dispatch of `rows` rows of `hiddenSize` float32 elements, and its tensor of 0, 1, 2, ….
    static func dispatch(
        request: UInt64 = 1,
        rows: Int,
        hiddenSize: Int,
    ) throws -> (header: WireHeader, tensor: Frame) {
        let message = DispatchMessage(
            groups: [RowGroup(expert: ExpertID(layer: 1, slot: .routed(0)), rows: rows)],
            hiddenSize: hiddenSize,
            deadlineMilliseconds: 1000,
            placementEpoch: 1,
        )
        let tensor = try Frame(byteCount: rows * hiddenSize * 4)
        tensor.withMutableFloats { floats in
            for index in floats.indices { floats[index] = Float(index) }
        }
        return (WireHeader(request: request, body: .dispatch(message)), tensor)
    }
}
