internal import CKernels

/// The memory of the process's allocator.
package enum HeapMemory {
    /// Gives pages that hold nothing back to the system.
    ///
    /// An allocator keeps what was freed, in an area for each thread; over many requests these fill with holes, and a
    /// process at rest takes more than it holds.
    package static func giveBack() { medmoe_give_back_heap() }
}
