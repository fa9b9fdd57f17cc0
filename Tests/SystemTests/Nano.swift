import Foundation
import Kernels
import Model
import Router
import Shared

/// The model that every clone has, loaded once.
enum Nano {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "models/medmoe-nano").path

    static let launcher = Result { try RouterLauncher(folder: folder) }
    static let bank = Result { try launcher.get().loadExperts() }

    /// The model in one dtype, with all its experts.
    struct Loaded: Sendable {
        let launcher: RouterLauncher
        let bank: ExpertBank
        let expectation: ModelExpectation

        init(_ launcher: RouterLauncher, bank: ExpertBank) throws {
            self.launcher = launcher
            self.bank = bank
            expectation = try launcher.makeExpectation()
        }
    }

    private static let inFloats = Result { try Loaded(launcher.get(), bank: bank.get()) }
    private static let inPairs = Result { try load(.bf16Pairs) }
    private static let inTiles = Result { try load(.bf16Tiles) }
    private static let inBytes = Result { try load(.int8) }

    static func loaded(_ dtype: ComputeDType) throws -> Loaded {
        switch dtype {
        case .f32: try inFloats.get()
        case .bf16Pairs: try inPairs.get()
        case .bf16Tiles: try inTiles.get()
        case .int8: try inBytes.get()
        }
    }

    private static func load(_ dtype: ComputeDType) throws -> Loaded {
        let launcher = try RouterLauncher(folder: folder, dtype: dtype)
        return try Loaded(launcher, bank: launcher.loadExperts())
    }

    /// Pixels of a picture drawn by a formula, different for each seed.
    static func phantom(_ seed: Int) throws -> [Float] {
        let side = try launcher.get().model.tower.imageSize
        return (0..<3 * side * side).map { index in
            let (x, y) = (Float(index % side), Float(index / side % side))
            let (dx, dy) = (x - Float(side) / 2, y - Float(side) / 2)
            return 1.5 * cosf(Float(seed + 2) * (dx * dx + dy * dy).squareRoot() / 9) + 0.01 * x - 0.3
        }
    }

    static func prompt(_ question: String) throws -> [Int] {
        let text = try ConversationTemplate.stablelm.prompt(turns: [ChatTurn(role: .user, text: question)])
        return PromptTokenizer(tokenizer: try launcher.get().model.tokenizer).encode(text)
    }
}
