internal import Kernels
internal import Model

/// The memory of all sequences; one thread only.
///
/// Blocks of keys and values within one budget, beginnings that are kept for those to come, and pictures that were
/// encoded lately.
final class SequenceMemory {
    typealias Prefix = PrefixCache<KVBlock>

    private let model: MedMoEModel
    private let pool: KVBlockPool
    private let prefixes = Prefix(blockSize: KVBlock.positionCount)
    private let keepsPrefixes: Bool
    private let metrics: RouterMetrics
    private var images: ImageEmbeddingCache

    init(model: MedMoEModel, limits: InferenceEngine.Limits, metrics: RouterMetrics) {
        self.model = model
        self.metrics = metrics
        keepsPrefixes = limits.keepsPrefixes
        pool = KVBlockPool(shape: model.language.cacheShape, positions: limits.scheduling.cachePositions)
        metrics.record(cacheCapacity: pool.capacity * KVBlock.positionCount)
        images = ImageEmbeddingCache(budget: limits.imageCacheBytes)
    }

    /// Gives a sequence its cache, beginning with what is known of its prompt, and the rows of the rest.
    func admit(_ sequence: Sequence, on threads: ThreadPool) {
        // The last position is always computed: its logits are wanted.
        let most = (sequence.promptLength - 1) / KVBlock.positionCount
        let known = keepsPrefixes ? prefixes.match(sequence.contents, most: most) : []
        let cache = KVCache(capacity: sequence.capacity, prefix: known.map(\.block)) { [self] in takeBlock() }
        sequence.cache = cache
        sequence.nodes = known
        sequence.cachedPositions = cache.count
        sequence.tallies = known.map(\.tally)
        metrics.recordPrefix(queried: sequence.promptLength, hit: cache.count)
        sequence.prompt = model.embedPrompt(sequence.request.tokenIDs, from: cache.count) { index in
            images.embedding(of: sequence.imageDigests[index]) {
                metrics.recordImageEncoded()
                return model.encode(sequence.request.images[index], on: threads)
            }
        }
    }

    /// Keeps the full blocks of a sequence for others.
    func keep(_ sequence: Sequence) {
        guard keepsPrefixes, let cache = sequence.cache else { return }
        let full = min(cache.count, sequence.contents.count) / KVBlock.positionCount
        while sequence.nodes.count < full {
            let index = sequence.nodes.count
            let node = prefixes.insert(
                cache.blocks[index],
                at: index,
                of: sequence.contents,
                after: sequence.nodes.last,
                tally: sequence.tallies[index],
            )
            guard let node else { return }
            // Another sequence was faster: one block is enough for both, and the budget counts on it.
            if node.block !== cache.blocks[index] { pool.give(cache.replace(index, with: node.block)) }
            sequence.nodes.append(node)
        }
        metrics.record(keptPositions: prefixes.count * KVBlock.positionCount)
    }

    /// Forgets all beginnings that no sequence stands on.
    func forgetPrefixes() {
        for block in prefixes.removeUnused() { pool.give(block) }
        metrics.record(keptPositions: prefixes.count * KVBlock.positionCount)
    }

    /// Takes back what a sequence held.
    func release(_ sequence: Sequence) {
        guard let cache = sequence.cache else { return }
        for (index, block) in cache.blocks.enumerated() {
            let isKept = index < sequence.nodes.count && sequence.nodes[index].block === block
            if !isKept { pool.give(block) }
        }
        prefixes.release(sequence.nodes)
        sequence.nodes = []
        sequence.cache = nil
    }

    private func takeBlock() -> KVBlock {
        if let block = pool.take() { return block }
        guard let block = prefixes.evict() else { preconditionFailure("more positions were admitted than there are") }
        metrics.recordPrefixEviction()
        metrics.record(keptPositions: prefixes.count * KVBlock.positionCount)
        return block
    }
}
