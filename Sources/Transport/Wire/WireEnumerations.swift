internal import CExpertWire

// The numbers of expert.proto beside our cases, both ways; a number that has no case gives nil.

extension PeerRole {
    var wireValue: Medmoe__Expert__V1__Role {
        switch self {
        case .router: MEDMOE__EXPERT__V1__ROLE__ROLE_ROUTER
        case .expertNode: MEDMOE__EXPERT__V1__ROLE__ROLE_EXPERT_NODE
        }
    }

    init?(wireValue: Medmoe__Expert__V1__Role) {
        guard let match = Self.allCases.first(where: { $0.wireValue == wireValue }) else { return nil }
        self = match
    }
}

extension WireDType {
    var wireValue: Medmoe__Expert__V1__DType {
        switch self {
        case .float32: MEDMOE__EXPERT__V1__DTYPE__D_TYPE_FLOAT32
        case .float16: MEDMOE__EXPERT__V1__DTYPE__D_TYPE_FLOAT16
        case .bfloat16: MEDMOE__EXPERT__V1__DTYPE__D_TYPE_BFLOAT16
        }
    }

    init?(wireValue: Medmoe__Expert__V1__DType) {
        guard let match = Self.allCases.first(where: { $0.wireValue == wireValue }) else { return nil }
        self = match
    }
}

extension FaultCode {
    var wireValue: Medmoe__Expert__V1__FaultCode {
        switch self {
        case .busy: MEDMOE__EXPERT__V1__FAULT_CODE__FAULT_CODE_BUSY
        case .draining: MEDMOE__EXPERT__V1__FAULT_CODE__FAULT_CODE_DRAINING
        case .stalePlacement: MEDMOE__EXPERT__V1__FAULT_CODE__FAULT_CODE_STALE_PLACEMENT
        case .expertNotReady: MEDMOE__EXPERT__V1__FAULT_CODE__FAULT_CODE_EXPERT_NOT_READY
        case .invalidRequest: MEDMOE__EXPERT__V1__FAULT_CODE__FAULT_CODE_INVALID_REQUEST
        case .deadlineExceeded: MEDMOE__EXPERT__V1__FAULT_CODE__FAULT_CODE_DEADLINE_EXCEEDED
        case .unsupported: MEDMOE__EXPERT__V1__FAULT_CODE__FAULT_CODE_UNSUPPORTED
        case .internal: MEDMOE__EXPERT__V1__FAULT_CODE__FAULT_CODE_INTERNAL
        }
    }

    init?(wireValue: Medmoe__Expert__V1__FaultCode) {
        guard let match = Self.allCases.first(where: { $0.wireValue == wireValue }) else { return nil }
        self = match
    }
}
