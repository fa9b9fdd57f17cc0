internal import Logging

/// Says a trouble once when it begins and once when it is over, however often it is met between.
struct TroubleLog {
    private let logger: Logger
    private let over: String
    private let saysChanges: Bool
    private var last: String?

    /// `over` is the sentence for the end; with `saysChanges` a trouble in other words is another trouble.
    init(_ logger: Logger, over: String, saysChanges: Bool = false) {
        self.logger = logger
        self.over = over
        self.saysChanges = saysChanges
    }

    /// Takes note of a trouble, or of none.
    mutating func note(_ trouble: String?) {
        defer { last = trouble }
        switch (last, trouble) {
        case (nil, nil): break
        case (nil, let trouble?): logger.warning("\(trouble)")
        case (let last?, let trouble?):
            if saysChanges, trouble != last { logger.warning("\(trouble)") }
        case (_?, nil): logger.notice("\(over)")
        }
    }
}
