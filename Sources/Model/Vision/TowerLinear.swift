internal import Kernels

/// A linear layer of tower or projector, whose calls all have one number of rows.
enum TowerLinear: Sendable {
    /// In float32, for hundreds of rows of one number, the library is faster than our kernels.
    case library(BLASLinear)
    /// In the packed dtypes.
    case packed(Linear)

    init(weight: LinearWeight, bias: consuming Tensor?, dtype: ComputeDType) {
        self =
            switch (dtype, weight) {
            case (.f32, .numbers(let matrix)): .library(BLASLinear(weight: matrix, bias: bias))
            default: .packed(Linear(weight: weight, bias: bias, dtype: dtype))
            }
    }

    /// Multiplies `(rows, inputs)` into `(rows, outputs)`.
    func callAsFunction(_ input: borrowing Tensor, on pool: ThreadPool) -> Tensor {
        switch self {
        case .library(let linear): linear(input, on: pool)
        case .packed(let linear): linear(input, on: pool)
        }
    }
}
