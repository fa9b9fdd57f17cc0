internal import Kernels

/// The keys and values of one sequence, for every layer, with room for a fixed number of positions.
package final class KVCache {
    /// The cache of one layer.
    final class Layer {
        var keys: Tensor  // (capacity, keyValueHeads * headSize)
        var values: Tensor

        init(capacity: Int, columns: Int) {
            keys = Tensor(uninitialized: TensorShape(capacity, columns))
            values = Tensor(uninitialized: TensorShape(capacity, columns))
        }
    }

    /// Positions that fit.
    package let capacity: Int
    /// Positions that every layer has seen.
    package internal(set) var count = 0
    let layers: [Layer]

    /// Forgets the positions from `count` on; does nothing when there are fewer.
    package func truncate(to count: Int) {
        self.count = min(self.count, count)
    }

    /// Takes memory for `capacity` positions of `layerCount` layers with `columns` numbers each.
    package init(capacity: Int, layerCount: Int, columns: Int) {
        self.capacity = capacity
        layers = (0..<layerCount).map { _ in Layer(capacity: capacity, columns: columns) }
    }
}
