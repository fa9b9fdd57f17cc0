import Router
import Testing

@Suite("The prefix cache") struct PrefixCacheTests {
    private final class Block {
        let name: String
        init(_ name: String) { self.name = name }
    }

    private func tokens(_ ids: [Int]) -> [PositionContent] { ids.map { PositionContent(token: $0) } }

    @discardableResult
    private func insert(
        _ cache: PrefixCache<Block>,
        _ contents: [PositionContent],
        _ names: [String],
    ) -> [PrefixCache<Block>.Node] {
        var nodes: [PrefixCache<Block>.Node] = []
        for (index, name) in names.enumerated() {
            let node = cache.insert(Block(name), at: index, of: contents, after: nodes.last, tally: RoutingTally())
            if let node { nodes.append(node) }
        }
        return nodes
    }

    private func names(_ nodes: [PrefixCache<Block>.Node]) -> [String] { nodes.map(\.block.name) }

    @Test("The longest kept beginning is found, block by block")
    func longest() {
        let cache = PrefixCache<Block>(blockSize: 2)
        insert(cache, tokens([1, 2, 3, 4, 5]), ["a", "b", "none: the block is not full"])
        #expect(cache.count == 2)
        #expect(names(cache.match(tokens([1, 2, 3, 4, 9, 9]), most: 9)) == ["a", "b"])
        #expect(names(cache.match(tokens([1, 2, 3, 9]), most: 9)) == ["a"])
        #expect(names(cache.match(tokens([1, 2, 3, 4]), most: 1)) == ["a"])
        #expect(cache.match(tokens([2, 1, 3, 4]), most: 9).isEmpty)
        #expect(cache.match(tokens([3, 4]), most: 9).isEmpty, "a block is found by its history, not by itself")
    }

    @Test("Pictures count by all their pixels and each patch by its place")
    func pictures() {
        let cache = PrefixCache<Block>(blockSize: 2)
        let one = ImageDigest([1, 2, 3])
        let other = ImageDigest([1, 2, 3.0000002])
        func picture(_ digest: ImageDigest) -> [PositionContent] {
            (0..<4).map { PositionContent(image: digest, patch: $0) }
        }
        insert(cache, picture(one), ["a", "b"])
        #expect(names(cache.match(picture(one), most: 9)) == ["a", "b"])
        #expect(cache.match(picture(other), most: 9).isEmpty)
        #expect(cache.match(tokens([0, 1, 2, 3]), most: 9).isEmpty)
        #expect(one == ImageDigest([1, 2, 3]) && one != other)
    }

    @Test("What nobody uses can be given up at once, and what somebody uses stays with its beginning")
    func removeUnused() {
        let cache = PrefixCache<Block>(blockSize: 2)
        let used = insert(cache, tokens([1, 2, 3, 4]), ["a", "b"])
        cache.release(insert(cache, tokens([5, 6, 7, 8]), ["c", "d"]))
        #expect(Set(cache.removeUnused().map(\.name)) == ["c", "d"])
        #expect(names(cache.match(tokens([1, 2, 3, 4]), most: 9)) == ["a", "b"])
        #expect(cache.match(tokens([5, 6, 7, 8]), most: 9).isEmpty)
        cache.release(used)
        cache.release(used)
        #expect(Set(cache.removeUnused().map(\.name)) == ["a", "b"])
        #expect(cache.count == 0 && cache.evict() == nil)

        // What loses its continuation is the end of it.
        let beginning = insert(cache, tokens([1, 2]), ["a"])
        cache.release(insert(cache, tokens([1, 2, 3, 4]), ["again", "b"]))
        #expect(cache.removeUnused().map(\.name) == ["b"])
        cache.release(beginning)
        #expect(cache.evict()?.name == "a")
    }

    @Test("A block that is kept already stays the one that is kept")
    func twice() {
        let cache = PrefixCache<Block>(blockSize: 2)
        insert(cache, tokens([1, 2]), ["first"])
        #expect(names(insert(cache, tokens([1, 2]), ["second"])) == ["first"])
        #expect(cache.count == 1)
    }

    @Test("What is used or continued stays; of the rest the least recently used goes")
    func eviction() {
        let cache = PrefixCache<Block>(blockSize: 1)
        let long = insert(cache, tokens([1, 2, 3]), ["1", "12", "123"])
        let short = insert(cache, tokens([4]), ["4"])
        #expect(cache.evict() == nil, "all are used")
        cache.release(long)
        cache.release(short)
        cache.release(cache.match(tokens([1, 2, 3]), most: 9))
        #expect(cache.evict()?.name == "4")
        let used = cache.match(tokens([1]), most: 9)
        #expect(cache.evict()?.name == "123", "a beginning goes after what continues it")
        #expect(cache.evict()?.name == "12")
        #expect(cache.evict() == nil)
        cache.release(used)
        #expect(cache.evict()?.name == "1")
        #expect(cache.count == 0)
    }
}
