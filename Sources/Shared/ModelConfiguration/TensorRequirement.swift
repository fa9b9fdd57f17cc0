/// A tensor that a model needs: its name and the shape it must have.
package struct TensorRequirement: Hashable, Sendable {
    /// The full name.
    package let name: String
    /// The extents, outermost first.
    package let shape: [Int]

    /// Demands a tensor.
    package init(_ name: String, _ shape: [Int]) {
        self.name = name
        self.shape = shape
    }

    /// The weight `(outputs, inputs)` and, where it has one, the bias `(outputs)` of a linear layer.
    static func linear(_ module: String, _ outputs: Int, _ inputs: Int, bias: Bool) -> [TensorRequirement] {
        [TensorRequirement(module + ".weight", [outputs, inputs])]
            + (bias ? [TensorRequirement(module + ".bias", [outputs])] : [])
    }

    /// The weight and bias of a norm, `(width)` each.
    static func norm(_ module: String, _ width: Int) -> [TensorRequirement] {
        [TensorRequirement(module + ".weight", [width]), TensorRequirement(module + ".bias", [width])]
    }
}
