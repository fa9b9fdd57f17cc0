/// A hash table from integers to integers in flat memory, for look-ups that happen for every few bytes of text.
struct IntegerTable: Sendable {
    /// What a key that is absent has for its value; neither a key nor a value may be this.
    static let none = UInt64.max

    private var keys: [UInt64]
    private var values: [UInt64]
    private var mask: Int
    private(set) var count = 0

    /// An empty table with room for `capacity` keys; it grows where that is not enough.
    init(capacity: Int) {
        let slots = Self.slots(for: capacity)
        keys = Array(repeating: Self.none, count: slots)
        values = Array(repeating: Self.none, count: slots)
        mask = slots - 1
    }

    /// The value of a key, or `none`.
    @inline(__always)
    subscript(key: UInt64) -> UInt64 { values[slot(of: key)] }

    /// Adds a key; false, and nothing changes, when it is there already.
    mutating func insert(_ key: UInt64, _ value: UInt64) -> Bool {
        if 2 * (count + 1) > keys.count { grow() }
        let slot = slot(of: key)
        guard keys[slot] == Self.none else { return false }
        keys[slot] = key
        values[slot] = value
        count += 1
        return true
    }

    /// The place of a key, or the free place where it would go.
    ///
    /// At most half of the places are taken.
    @inline(__always)
    private func slot(of key: UInt64) -> Int {
        let mixed = key &* 0x9E37_79B9_7F4A_7C15
        var slot = Int(truncatingIfNeeded: mixed >> 32 ^ mixed >> 15) & mask
        while keys[slot] != key, keys[slot] != Self.none { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        self = IntegerTable(capacity: 2 * count + 2)
        for (key, value) in zip(oldKeys, oldValues) where key != Self.none { _ = insert(key, value) }
    }

    private static func slots(for capacity: Int) -> Int {
        var slots = 16
        while slots < 2 * capacity + 2 { slots *= 2 }
        return slots
    }
}
