internal import CZlib

/// The three things that are needed of zlib, on arrays.
enum Zlib {
    /// The bytes that raw deflated bytes stand for; nil unless they are exactly `size`.
    static func inflate(_ bytes: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
        guard bytes.count <= Int(UInt32.max), size < Int(UInt32.max) else { return nil }
        var stream = unsafe z_stream()
        let width = Int32(unsafe MemoryLayout<z_stream>.size)
        // A negative number of window bits means: no header, as ZIP files have it.
        guard unsafe inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, width) == Z_OK else { return nil }
        defer { unsafe inflateEnd(&stream) }
        var isWhole = false
        var input = Array(bytes)
        // One byte more than wanted: data that goes on is caught, and none is written beyond the array.
        let output = unsafe [UInt8](unsafeUninitializedCapacity: size + 1) { target, count in
            let written = unsafe input.withUnsafeMutableBufferPointer { source -> Int in
                unsafe stream.next_in = source.baseAddress
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(size + 1)
                isWhole = unsafe CZlib.inflate(&stream, Z_FINISH) == Z_STREAM_END
                return unsafe size + 1 - Int(stream.avail_out)
            }
            count = written
        }
        return isWhole && output.count == size ? output : nil
    }

    /// The bytes in zlib's own form; nil when there is no memory for it.
    static func deflate(_ bytes: [UInt8]) -> [UInt8]? {
        let most = compressBound(UInt(bytes.count))
        var isDone = false
        let output = unsafe [UInt8](unsafeUninitializedCapacity: Int(most)) { target, count in
            var length = most
            isDone = unsafe compress(target.baseAddress, &length, bytes, UInt(bytes.count)) == Z_OK
            count = isDone ? Int(length) : 0
        }
        return isDone ? output : nil
    }

    /// The check sum of ZIP and PNG.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        UInt32(truncatingIfNeeded: unsafe crc32_z(0, bytes, bytes.count))
    }
}
