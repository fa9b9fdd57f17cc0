import ExpertNode
import Model
import Shared
import Testing
import Transport

@Suite("Dispatch validator")
struct DispatchValidatorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var change: @Sendable (inout DispatchMessage) -> Void = { _ in }
        /// The tensor frame's bytes beyond those of three rows; nil for no frame.
        var more: Int? = 0
        var code: FaultCode?
        var says = ""
        var expert: ExpertID?
        var testDescription: String { name }
    }

    static let stranger = ExpertID(layer: 0, slot: .routed(4))

    static let cases = [
        Case(name: "a sound dispatch"),
        Case(
            name: "a sound dispatch that names the weights",
            change: { message in
                for index in message.groups.indices {
                    message.groups[index].weightsHash = (try? Nano.bank.get())?.hash(of: message.groups[index].expert)
                }
            }
        ),
        Case(name: "no tensor frame", more: nil, code: .invalidRequest, says: "none came"),
        Case(name: "halves", change: { $0.dtype = .float16 }, more: -1152),
        Case(name: "brain floats", change: { $0.dtype = .bfloat16 }, more: -1152),
        Case(
            name: "halves in the frame of floats",
            change: { $0.dtype = .float16 },
            code: .invalidRequest,
            says: "has 2304 bytes; its rows of 192 need 1152"
        ),
        Case(
            name: "another row size",
            change: { $0.hiddenSize = 191 },
            code: .invalidRequest,
            says: "have 192 numbers; the dispatch says 191"
        ),
        Case(
            name: "a byte too few",
            more: -1,
            code: .invalidRequest,
            says: "has 2303 bytes; its rows of 192 need 2304"
        ),
        Case(name: "a byte too many", more: 1, code: .invalidRequest, says: "has 2305 bytes"),
        Case(name: "an empty frame", more: -2304, code: .invalidRequest, says: "has 0 bytes"),
        Case(
            name: "more rows than the frame has",
            change: { $0.groups[0].rows = 1 << 20 },
            code: .invalidRequest,
            says: "tensor frame"
        ),
        Case(
            name: "more rows than can be",
            change: { $0.groups[0].rows = .max },
            code: .invalidRequest,
            says: "more bytes than can be"
        ),
        Case(
            name: "less than no rows",
            change: {
                $0.groups = [RowGroup(expert: Nano.experts[0], rows: 4), RowGroup(expert: Nano.experts[1], rows: -1)]
            },
            code: .invalidRequest,
            says: "more bytes than can be"
        ),
        Case(
            name: "an expert that is not here",
            change: { $0.groups[1].expert = stranger },
            code: .stalePlacement,
            says: "does not host expert 0.4",
            expert: stranger
        ),
        Case(
            name: "other weights",
            change: { $0.groups[1].weightsHash = WeightsHash(bytes: .init(repeating: 0xCC, count: 32)) },
            code: .stalePlacement,
            says: "the dispatch wants cccccccccccc",
            expert: Nano.experts[1]
        ),
    ]

    @Test("A dispatch is checked before its rows are touched", arguments: cases)
    func check(item: Case) throws {
        let validator = DispatchValidator(experts: try Nano.bank.get(), hiddenSize: 192, placementEpoch: 6)
        var message = Rows.dispatch([(Nano.experts[0], rows: 2), (Nano.experts[1], rows: 1)], hiddenSize: 192)
        item.change(&message)
        let fault = validator.fault(for: message, tensorBytes: item.more.map { 3 * 192 * 4 + $0 })
        #expect(fault?.code == item.code)
        #expect(fault?.expert == item.expert)
        guard let fault else { return }
        #expect(fault.message.contains(item.says), "\(fault.message)")
        #expect(fault.placementEpoch == 6)
        #expect(fault.retryable == (item.code == .stalePlacement), "only another placement can mend it")
    }
}
