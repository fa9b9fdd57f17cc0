internal import COpenBLAS

/// What the BLAS library beneath the matrix products says of itself.
package enum BLASLibrary {
    /// The kernel family OpenBLAS chose for this CPU (or was told by `OPENBLAS_CORETYPE`).
    package static var coreType: String {
        unsafe String(cString: openblas_get_corename())
    }

    /// Version and build flags as the library gives them.
    package static var configuration: String {
        unsafe String(cString: openblas_get_config()).split(separator: " ").prefix(2).joined(separator: " ")
    }

    /// What must be equal on two machines for their results to have the same bits.
    package static var numerics: String { "\(configuration) \(coreType) f32" }

    /// Leaves all threading to our own pools; called before the first product.
    static let useOneThread: Void = openblas_set_num_threads(1)
}
