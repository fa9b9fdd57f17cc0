internal import Synchronization

/// The lease that a registration hangs on now, for whoever ends it.
final class LeaseNumber: Sendable {
    private let number = Mutex<String?>(nil)

    var value: String? {
        get { number.withLock { $0 } }
        set { number.withLock { $0 = newValue } }
    }
}
