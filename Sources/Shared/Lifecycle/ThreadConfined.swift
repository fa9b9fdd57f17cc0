/// Hands something that only one thread may use to that thread.
///
/// `@unchecked Sendable`, because the maker gives the value up: after the hand-over only the receiving thread touches
/// it, and starting a thread orders memory.
package final class ThreadConfined<Value>: @unchecked Sendable {
    /// The thing itself, for its one thread.
    package let value: Value

    /// Wraps a value that the caller will not touch any more.
    package init(_ value: Value) {
        self.value = value
    }
}
