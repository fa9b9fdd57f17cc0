import Foundation
import Model
import Router

/// The tokenizer and the domains of the model that every clone has.
enum Nano {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "models/medmoe-nano").path

    static let tokenizer = Result { try ByteLevelBPE(folder: folder) }
    static let domains = DomainTable(folder: folder)
}
