internal import Kernels
internal import Model

/// The embeddings of pictures that were asked about lately, so that none is encoded twice in a row.
struct ImageEmbeddingCache {
    private let budget: Int
    private var kept: [(digest: ImageDigest, embedding: ImageEmbedding)] = []

    /// Keeps at most `budget` bytes, the picture at hand aside.
    init(budget: Int) {
        self.budget = budget
    }

    /// The embedding of a picture, made if it is not known.
    mutating func embedding(of digest: ImageDigest, make: () -> ImageEmbedding) -> ImageEmbedding {
        if let index = kept.firstIndex(where: { $0.digest == digest }) {
            let entry = kept.remove(at: index)
            kept.append(entry)
            return entry.embedding
        }
        let embedding = make()
        kept.append((digest, embedding))
        while kept.reduce(0, { $0 + $1.embedding.byteCount }) > budget, !kept.isEmpty { kept.removeFirst() }
        return embedding
    }
}
