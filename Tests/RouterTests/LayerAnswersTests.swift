import Kernels
import Model
import Router
import Shared
import Testing
import Transport

@Suite("Answers of a layer")
struct LayerAnswersTests {
    static let columns = 3

    /// Four rows with two experts each, over one node; the meta expert too.
    struct Layer: ~Copyable {
        let call: ExpertCall
        let dispatch: DispatchPlan.NodeDispatch

        init(skipped: Set<Int> = []) throws {
            call = ExpertCall(
                layer: 2,
                input: Tensor(zeros: TensorShape(4, LayerAnswersTests.columns)),
                routing: RoutingDecision(
                    topK: 2,
                    experts: [0, 1, 1, 0, 0, 1, 1, 0],
                    weights: .init(repeating: 1, count: 8)
                ),
                wantsMeta: true,
                skippedRows: skipped,
                deadline: .now,
            )
            let hash = try #require(Source.hash(7))
            let plan = DispatchPlan(
                layer: 2,
                routing: call.routing,
                wantsMeta: true,
                liveRows: call.liveRows,
                skippedRows: skipped,
                host: { _ in DispatchPlan.Host(link: LinkID(rawValue: 1), node: NodeID("a"), weightsHash: hash) },
            )
            dispatch = try #require(plan.dispatches.first)
        }

        /// The answer that was asked for.
        var result: ResultMessage {
            ResultMessage(
                groups: dispatch.groups.map {
                    RowGroup(expert: $0.expert, rows: $0.targets.count, weightsHash: $0.weightsHash)
                },
                hiddenSize: LayerAnswersTests.columns,
                queueMicroseconds: 0,
                computeMicroseconds: 0,
                placementEpoch: 1,
            )
        }

        /// Rows of ones, of twos and so on, in the order of the message.
        func frame() throws -> Frame {
            let frame = try Frame(byteCount: dispatch.rowCount * LayerAnswersTests.columns * 4)
            frame.withMutableFloats { floats in
                for index in 0..<floats.count { floats[index] = Float(1 + index / LayerAnswersTests.columns) }
            }
            return frame
        }
    }

    /// The number that each row of a tensor is filled with.
    static func fills(_ tensor: borrowing Tensor) -> [Float] {
        (0..<tensor.rows).map { index in
            let row = tensor.row(index)
            return row.allSatisfy { $0 == row[0] } ? row[0] : .nan
        }
    }

    @Test("Rows go where they belong: assignments for routed experts, rows for the meta expert")
    func places() throws {
        let layer = try Layer()
        let answers = LayerAnswers(layer.call)
        #expect(answers.accept(layer.result, frame: try layer.frame(), dispatch: layer.dispatch))
        let outputs = answers.take()
        // Expert 0 has assignments 0, 3, 4 and 7, expert 1 has 1, 2, 5 and 6.
        #expect(Self.fills(outputs.routed) == [1, 5, 6, 2, 3, 7, 8, 4])
        #expect(Self.fills(outputs.meta) == [9, 10, 11, 12])
        #expect(outputs.failures.isEmpty)
        #expect(Set(outputs.sources.keys) == Set(layer.dispatch.groups.map(\.expert)))
        #expect(outputs.sources.values.allSatisfy { $0 == Source.make("a", 7) })
    }

    @Test("Skipped rows stay zero")
    func skipped() throws {
        let layer = try Layer(skipped: [0, 2])
        let answers = LayerAnswers(layer.call)
        #expect(answers.accept(layer.result, frame: try layer.frame(), dispatch: layer.dispatch))
        let outputs = answers.take()
        #expect(Self.fills(outputs.routed) == [0, 0, 3, 1, 0, 0, 4, 2])
        #expect(Self.fills(outputs.meta) == [0, 5, 0, 6])
    }

    @Test("Rows of sixteen bits are widened to their places", arguments: [WireDType.float16, .bfloat16])
    func sixteenBits(dtype: WireDType) throws {
        for skipped: Set<Int> in [[], [0, 2]] {
            let expected = try Self.taken(skipped: skipped, dtype: .float32)
            let found = try Self.taken(skipped: skipped, dtype: dtype)
            #expect(found == expected)
        }
    }

    /// The numbers of an answered layer, routed and then meta.
    private static func taken(skipped: Set<Int>, dtype: WireDType) throws -> [[Float]] {
        let layer = try Layer(skipped: skipped)
        let answers = LayerAnswers(layer.call, dtype: dtype)
        var result = layer.result
        result.dtype = dtype
        let whole = try layer.frame()
        let frame = dtype == .float32 ? whole : try Frame(copying: dtype.kind.narrow(whole.floats))
        let isAccepted = answers.accept(result, frame: frame, dispatch: layer.dispatch)
        try #require(isAccepted)
        let outputs = answers.take()
        return [outputs.routed.array, outputs.meta.array]
    }

    @Test("Floats are refused where sixteen bits were asked for")
    func floatsInstead() throws {
        let layer = try Layer()
        let answers = LayerAnswers(layer.call, dtype: .bfloat16)
        #expect(!answers.accept(layer.result, frame: try layer.frame(), dispatch: layer.dispatch))
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        var name: String
        var change: @Sendable (inout ResultMessage) -> Void
        var testDescription: String { name }
    }

    @Test(
        "An answer that is not exactly what was asked for is refused and changes nothing",
        arguments: [
            Wrong(name: "a group too few", change: { $0.groups.removeLast() }),
            Wrong(name: "a group too many", change: { $0.groups.append($0.groups[0]) }),
            Wrong(name: "no groups", change: { $0.groups = [] }),
            Wrong(name: "another order", change: { $0.groups.swapAt(0, 1) }),
            Wrong(name: "another layer's expert", change: { $0.groups[0].expert.layer = 4 }),
            Wrong(name: "another expert", change: { $0.groups[1].expert.slot = .routed(3) }),
            Wrong(name: "a row too few", change: { $0.groups[0].rows -= 1 }),
            Wrong(
                name: "as many rows, otherwise divided",
                change: {
                    $0.groups[0].rows -= 1
                    $0.groups[1].rows += 1
                }
            ),
            Wrong(name: "other weights", change: { $0.groups[0].weightsHash = Source.hash(8) }),
            Wrong(name: "unnamed weights", change: { $0.groups[0].weightsHash = nil }),
            Wrong(name: "shorter rows", change: { $0.hiddenSize = 2 }),
            Wrong(name: "longer rows", change: { $0.hiddenSize = 6 }),
            Wrong(name: "halves instead of floats", change: { $0.dtype = .float16 }),
        ]
    )
    func refused(wrong: Wrong) throws {
        let layer = try Layer()
        let answers = LayerAnswers(layer.call)
        var result = layer.result
        wrong.change(&result)
        #expect(!answers.accept(result, frame: try layer.frame(), dispatch: layer.dispatch))
        let outputs = answers.take()
        #expect(outputs.routed.array.allSatisfy { $0 == 0 })
        #expect(outputs.meta.array.allSatisfy { $0 == 0 })
        #expect(outputs.sources.isEmpty)
    }

    @Test("A failure names its expert, its kind and its reason in one sentence", arguments: ["", "."])
    func failures(fullStop: String) throws {
        let layer = try Layer()
        let answers = LayerAnswers(layer.call)
        let expert = ExpertID(layer: 2, slot: .routed(1))
        answers.fail(expert, .timedOut, "node a did not answer in time" + fullStop)
        let outputs = answers.take()
        #expect(
            outputs.failures == [
                expert: ExpertFailure(
                    expert: expert,
                    code: .timedOut,
                    message: "Expert 2.1 is not available: node a did not answer in time.",
                )
            ]
        )
    }
}
