package import ServiceLifecycle

/// Finds out which nodes there are and what each should hold, and hangs it on a `DocumentBoard` as it changes.
///
/// It runs for as long as the program; what goes wrong later keeps the last document and is logged once.
package protocol MembershipSource: Service {
    /// Reads for the first time, before anything else starts.
    ///
    /// - Throws: `MembershipError` for what will not mend itself, such as a file that is broken.
    func prepare() async throws
}
