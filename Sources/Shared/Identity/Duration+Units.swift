extension Duration {
    /// The duration in seconds.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    /// Whole milliseconds, never below zero.
    package var milliseconds: UInt64 {
        UInt64(max(0, seconds * 1e3))
    }

    /// Whole microseconds, never below zero.
    package var microseconds: UInt64 {
        UInt64(max(0, seconds * 1e6))
    }

    /// Whole nanoseconds, never below zero.
    package var nanoseconds: Int64 {
        Int64(max(0, seconds * 1e9))
    }
}
