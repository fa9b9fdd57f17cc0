internal import CKernels

/// The memory of the process's allocator.
package enum HeapMemory {
    /// Memory from a 64-byte boundary on, for `free` to take; there is no error, as with every object of Swift's.
    static func allocate(byteCount: Int) -> UnsafeMutableRawPointer { unsafe medmoe_allocate(byteCount) }

    /// Gives memory of `allocate` back.
    static func free(_ memory: UnsafeMutableRawPointer?) { unsafe medmoe_free(memory) }

    /// Has the allocator keep what one layer frees for the next, in the whole process.
    static func keepFreed() { kept }

    private static let kept: Void = medmoe_keep_heap()

    /// Gives pages that hold nothing back to the system.
    ///
    /// An allocator keeps what was freed, in an area for each thread; over many requests these fill with holes, and a
    /// process at rest takes more than it holds.
    package static func giveBack() { medmoe_give_back_heap() }
}
