internal import Hummingbird
internal import Logging
internal import NIOCore

/// What travels with each HTTP request: its id and its logger.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The caller's `x-request-id`, or one of ours.
    var requestID: String

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        requestID = "req-" + String(UInt64.random(in: .min ... .max), radix: 16)
    }
}
