internal import CZeroMQ
internal import Kernels
internal import Synchronization

/// One frame of a message: bytes that ZeroMQ can send and receive without copying them again.
///
/// A frame lives without any socket, so rows are gathered straight into the memory that is sent, and received rows are
/// read where they arrived. Life: made, filled, then sealed by the first send (or made by a receive, sealed from the
/// start); a sealed frame is only read, for the network may still be sending it. It may be sent any number of times and
/// to several peers: they share the bytes. The start is aligned to `Frame.alignment` bytes and to no more: ZeroMQ puts
/// its own record in front, so 64-byte alignment for vector loads is not to be had.
///
/// `@unchecked Sendable`, because the bytes are written only before `seal()`, by the one who made the frame, and read
/// only after it; `sealed` guards ZeroMQ's reference count, which a send changes.
@safe
package final class Frame: @unchecked Sendable {
    /// What the first byte's address is a multiple of, whether the frame was made here or received.
    package static let alignment = 4

    /// How many bytes the frame has.
    package let byteCount: Int
    private let start: UnsafeMutableRawPointer
    private let message: UnsafeMutablePointer<zmq_msg_t>
    private let sealed: Mutex<Bool>

    /// Makes a frame of this many bytes with undefined content; throws `ZMQError` when there is no memory for it.
    package init(byteCount: Int) throws(ZMQError) {
        guard byteCount >= 0 else {
            throw ZMQError(operation: "make a frame of \(byteCount) bytes", number: EINVAL)
        }
        let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        unsafe message.initialize(to: zmq_msg_t())
        guard unsafe zmq_msg_init_size(message, byteCount) == 0, let start = unsafe zmq_msg_data(message) else {
            let number = zmq_errno()
            unsafe message.deallocate()
            throw ZMQError(operation: "make a frame of \(byteCount) bytes", number: number)
        }
        precondition(UInt(bitPattern: start) % UInt(Frame.alignment) == 0, "ZeroMQ allocates aligned memory")
        unsafe self.message = unsafe message
        unsafe self.start = unsafe start
        self.byteCount = byteCount
        sealed = Mutex(false)
    }

    /// Takes over a message that was received; where its bytes start at an odd place, they move to an aligned one.
    ///
    /// ZeroMQ hands out short messages as slices of its read buffer, at any offset; longer ones have memory of their own.
    init(adopting message: UnsafeMutablePointer<zmq_msg_t>) throws(ZMQError) {
        let count = unsafe zmq_msg_size(message)
        var message = unsafe message
        if count > 0, unsafe UInt(bitPattern: zmq_msg_data(message)) % UInt(Frame.alignment) != 0 {
            let moved = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
            unsafe moved.initialize(to: zmq_msg_t())
            guard unsafe zmq_msg_init_size(moved, count) == 0, let target = unsafe zmq_msg_data(moved),
                let source = unsafe zmq_msg_data(message)
            else {
                let number = zmq_errno()
                unsafe moved.deallocate()
                unsafe Frame.free(message)
                throw ZMQError(operation: "receive a frame of \(count) bytes", number: number)
            }
            unsafe target.copyMemory(from: source, byteCount: count)
            unsafe Frame.free(message)
            unsafe message = unsafe moved
        }
        guard let start = unsafe zmq_msg_data(message) else {
            unsafe Frame.free(message)
            throw ZMQError(operation: "receive a frame of \(count) bytes", number: ENOMEM)
        }
        unsafe self.message = unsafe message
        unsafe self.start = unsafe start
        byteCount = count
        sealed = Mutex(true)
    }

    deinit {
        unsafe Frame.free(message)
    }

    /// Closes and frees a message that no frame owns.
    static func free(_ message: UnsafeMutablePointer<zmq_msg_t>) {
        _ = unsafe zmq_msg_close(message)
        unsafe message.deallocate()
    }

    /// The bytes, for reading in place; the view cannot outlive the frame.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: start, byteCount: byteCount)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The bytes as float32 elements, row after row; bytes left over at the end are not seen.
    package var floats: Span<Float> {
        @_lifetime(borrow self)
        get {
            let count = byteCount / MemoryLayout<Float>.stride
            let typed = unsafe UnsafePointer(start.bindMemory(to: Float.self, capacity: count))
            let span = unsafe Span(_unsafeStart: typed, count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Whether the frame was sent or received, and so can only be read.
    package var isSealed: Bool { sealed.withLock { $0 } }

    /// Ends the filling of the frame; a send does this by itself.
    package func seal() {
        sealed.withLock { $0 = true }
    }

    /// Fills the frame; a sealed frame must not be written to, which is a mistake of the caller's.
    package func withMutableBytes<Failure: Error>(
        _ body: (inout MutableRawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(!isSealed, "a frame is not changed once it was sent or received")
        var span = unsafe MutableRawSpan(_unsafeStart: start, byteCount: byteCount)
        try body(&span)
    }

    /// Fills the frame with float32 elements; else as `withMutableBytes`.
    package func withMutableFloats<Failure: Error>(
        _ body: (inout MutableSpan<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(!isSealed, "a frame is not changed once it was sent or received")
        let count = byteCount / MemoryLayout<Float>.stride
        var span = unsafe MutableSpan(_unsafeStart: start.bindMemory(to: Float.self, capacity: count), count: count)
        try body(&span)
    }

    /// Fills the frame through a pointer that is good during the call only; else as `withMutableBytes`.
    @unsafe
    package func withUnsafeMutableBytes<Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(!isSealed, "a frame is not changed once it was sent or received")
        try unsafe body(UnsafeMutableRawBufferPointer(start: start, count: byteCount))
    }

    /// Seals the frame and calls `body` with a second message on the same bytes, which a send consumes.
    func withSharedMessage<Failure: Error>(
        _ body: (UnsafeMutablePointer<zmq_msg_t>) throws(Failure) -> Void
    ) throws(Failure) {
        var shared = zmq_msg_t()
        _ = unsafe zmq_msg_init(&shared)
        // Two copies at once would both take the reference count for theirs.
        sealed.withLock { sealed in
            sealed = true
            _ = unsafe zmq_msg_copy(&shared, message)
        }
        defer { _ = unsafe zmq_msg_close(&shared) }
        try unsafe body(&shared)
    }
}

/// A tensor may look at a frame's float32 elements in place; one that was sent or received is only read.
extension Frame: TensorStorage {
    /// See `TensorStorage`.
    package func withStorage(_ body: (UnsafeMutableBufferPointer<Float>) -> Void) {
        let count = byteCount / MemoryLayout<Float>.stride
        unsafe body(UnsafeMutableBufferPointer(start: start.bindMemory(to: Float.self, capacity: count), count: count))
    }
}

extension Frame {
    /// Makes a frame with these bytes; throws `ZMQError` when there is no memory for it.
    package convenience init(copying content: [UInt8]) throws(ZMQError) {
        try self.init(byteCount: content.count)
        unsafe withUnsafeMutableBytes { bytes in unsafe bytes.copyBytes(from: content) }
    }

    /// A copy of the bytes.
    package func copyBytes() -> [UInt8] {
        unsafe bytes.withUnsafeBytes { bytes in unsafe Array(bytes) }
    }
}
