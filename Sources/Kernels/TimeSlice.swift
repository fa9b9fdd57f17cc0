internal import CKernels

/// How the scheduler treats the calling thread, where it can be asked (Linux 6.12 and later).
///
/// Threads that compute use their slices up; one that only passes messages on must not wait for the end of one, and does
/// not when its own slices are short.
package enum TimeSlice {
    /// A tenth of a millisecond: the shortest that the system takes.
    case brief
    /// What every thread has.
    case usual

    /// Asks for such slices; threads made from here on inherit them.
    package func apply() {
        _ = medmoe_set_slice(self == .brief ? 100_000 : 0)
    }
}
