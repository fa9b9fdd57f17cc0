/// Memory of floats that somebody else owns, such as a frame of a message, for tensors that look at it in place.
package protocol TensorStorage: AnyObject, Sendable {
    /// Calls `body` with the floats, at addresses that are multiples of 4 and stay good as long as this object lives.
    func withStorage(_ body: (UnsafeMutableBufferPointer<Float>) -> Void)
}

extension Tensor {
    /// Looks at `shape.count` floats of `storage` from `offset` on, which the tensor keeps alive; nothing is copied.
    ///
    /// Whoever may not write to the storage must not write to the tensor.
    package init(viewing storage: any TensorStorage, offset: Int = 0, shape: TensorShape) {
        var start: UnsafeMutablePointer<Float>?
        unsafe storage.withStorage { floats in
            precondition(
                offset >= 0 && offset + shape.count <= floats.count,
                "\(shape) from \(offset) in \(floats.count)"
            )
            unsafe start = floats.baseAddress.map { unsafe $0 + offset }
        }
        // No floats may have no address; nobody looks at it then.
        let base = unsafe start ?? UnsafeMutablePointer(bitPattern: 64).unsafelyUnwrapped
        unsafe self.init(shape: shape, base: base, owner: storage)
    }
}
