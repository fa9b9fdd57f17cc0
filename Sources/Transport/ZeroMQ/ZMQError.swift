internal import CZeroMQ

/// A call of libzmq or of the system that failed: what was tried, and the error number with its text.
package struct ZMQError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried, as words that follow "could not".
    package let operation: String
    /// The `errno` of the call; libzmq adds numbers of its own to the system's.
    package let number: Int32

    /// Describes a failed call.
    package init(operation: String, number: Int32) {
        self.operation = operation
        self.number = number
    }

    /// Describes the call that failed just now on this thread.
    static func last(_ operation: String) -> ZMQError {
        ZMQError(operation: operation, number: zmq_errno())
    }

    /// The text of the error number.
    package var text: String {
        if let text = unsafe zmq_strerror(number) { unsafe String(cString: text) } else { "unknown error" }
    }

    /// `could not …: text (errno n)`.
    package var description: String { "could not \(operation): \(text) (errno \(number))" }
}
