package import Kernels

/// The `mlp2x_gelu` projector from the tower's width to the language model's: linear, exact GELU, linear.
package struct Projector: ~Copyable, Sendable {
    private let first: TowerLinear
    private let second: TowerLinear

    init(first: TowerLinear, second: TowerLinear) {
        self.first = first
        self.second = second
    }

    /// Maps patch features `(patches, width)` to image embeddings `(patches, hiddenSize)`.
    package func callAsFunction(_ features: borrowing Tensor, on pool: ThreadPool) -> Tensor {
        var middle = first(features, on: pool)
        Activation.gelu(&middle, on: pool)
        return second(middle, on: pool)
    }
}
