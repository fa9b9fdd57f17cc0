internal import CExpertWire

/// Memory for the C tree of one message while it is packed; everything in it is freed together.
@safe
struct MessageArena: ~Copyable {
    private var blocks: [UnsafeMutableRawPointer] = unsafe []

    /// Puts a C value where a pointer can find it.
    mutating func store<Value>(_ value: Value) -> UnsafeMutablePointer<Value> {
        let place = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        unsafe place.initialize(to: value)
        unsafe blocks.append(UnsafeMutableRawPointer(place))
        return unsafe place
    }

    /// Puts a C array of pointers where a pointer can find it.
    mutating func store<Value>(
        pointers: [UnsafeMutablePointer<Value>?]
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Value>?> {
        let place = unsafe UnsafeMutablePointer<UnsafeMutablePointer<Value>?>.allocate(capacity: max(1, pointers.count))
        for index in unsafe pointers.indices { unsafe (place + index).initialize(to: pointers[index]) }
        unsafe blocks.append(UnsafeMutableRawPointer(place))
        return unsafe place
    }

    /// A C string; the caller has checked that the text holds no NUL.
    mutating func store(text: String) -> UnsafeMutablePointer<CChar> {
        let bytes = Array(text.utf8CString)
        let place = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for index in bytes.indices { unsafe (place + index).initialize(to: bytes[index]) }
        unsafe blocks.append(UnsafeMutableRawPointer(place))
        return unsafe place
    }

    /// A `bytes` field; nil is the empty one.
    mutating func store(bytes: [UInt8]?) -> ProtobufCBinaryData {
        guard let bytes, !bytes.isEmpty else { return unsafe ProtobufCBinaryData(len: 0, data: nil) }
        let place = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
        for index in bytes.indices { unsafe (place + index).initialize(to: bytes[index]) }
        unsafe blocks.append(UnsafeMutableRawPointer(place))
        return unsafe ProtobufCBinaryData(len: bytes.count, data: place)
    }

    /// Frees all of it; to be called after the last use of any pointer into it.
    consuming func free() {}

    deinit {
        // Every value stored is a plain C struct, so there is nothing to deinitialise.
        for index in unsafe blocks.indices { unsafe blocks[index].deallocate() }
    }
}
