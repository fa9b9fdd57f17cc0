internal import CKernels

/// How soon a thread gets a core that others compute on.
///
/// Threads that compute use their slices up. One that only passes messages on must not wait for the end of one when it
/// wakes.
package enum ThreadUrgency: String, Sendable {
    /// As every thread.
    case usual
    /// By slices of a tenth of a millisecond, so that it runs at once when it wakes (Linux 6.12 and later). Whoever
    /// takes its place may still keep it.
    case brief

    /// Makes the calling thread, and the threads that it makes until `lower`, as urgent as the system lets it.
    package static func raise() -> ThreadUrgency { ThreadUrgency(medmoe_raise_urgency()) }

    /// Takes back from the calling thread what `raise` gave it.
    package func lower() {
        switch self {
        case .usual: break
        case .brief: medmoe_lower_urgency(Int32(MEDMOE_URGENCY_BRIEF))
        }
    }

    /// What the calling thread has.
    package static var current: ThreadUrgency { ThreadUrgency(medmoe_current_urgency()) }

    private init(_ urgency: Int32) {
        switch Int(urgency) {
        case MEDMOE_URGENCY_BRIEF: self = .brief
        default: self = .usual
        }
    }
}
